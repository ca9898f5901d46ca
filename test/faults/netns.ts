/** A network of its own for a process: with a real wire that can be made to carry nothing. */
import { spawnSync } from 'node:child_process'

/** Why there is none here; undefined where there is. */
export const noNetns: string | undefined =
	process.platform === 'linux' && process.getuid?.() === 0 && canMake()
		? undefined
		: 'needs root on Linux and iproute2, to make network namespaces'

function ip(...args: string[]): string {
	const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' })
	if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${error?.message ?? stderr}`)
	return stderr
}

function canMake(): boolean {
	const name = `taskq-try-${process.pid}`
	try {
		ip('netns', 'add', name)
		ip('netns', 'del', name)
		return true
	} catch {
		return false
	}
}

export interface Netns {
	/** The address at which the namespace reaches this machine. */
	hostAddress: string
	/** What to start a program with, so that it lives there. */
	prefix: string[]
	/** From now on packets vanish, both ways; nobody is told. */
	blackHole: () => void
	heal: () => void
	remove: () => void
}

/** Nobody has this address, so what is sent to it is seen by nobody. */
const NOBODY = '02:00:00:00:00:01'

/** A namespace with one wire to this machine. */
export function makeNetns(): Netns {
	const number = process.pid % 250
	const name = `taskq-${process.pid}`
	const [outside, inside] = [`tq${process.pid}o`, `tq${process.pid}i`]
	const [hostAddress, address] = [`10.213.${number}.1`, `10.213.${number}.2`]
	ip('netns', 'add', name)
	ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', name)
	ip('addr', 'add', `${hostAddress}/24`, 'dev', outside)
	ip('link', 'set', outside, 'up')
	ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', inside)
	ip('-n', name, 'link', 'set', inside, 'up')
	ip('-n', name, 'link', 'set', 'lo', 'up')
	return {
		hostAddress,
		prefix: ['ip', 'netns', 'exec', name],
		blackHole() {
			ip('neigh', 'replace', address, 'lladdr', NOBODY, 'dev', outside, 'nud', 'permanent')
			ip('-n', name, 'neigh', 'replace', hostAddress, 'lladdr', NOBODY, 'dev', inside, 'nud', 'permanent')
		},
		heal() {
			ip('neigh', 'del', address, 'dev', outside)
			ip('-n', name, 'neigh', 'del', hostAddress, 'dev', inside)
		},
		remove() {
			spawnSync('ip', ['link', 'del', outside])
			spawnSync('ip', ['netns', 'del', name])
		},
	}
}
