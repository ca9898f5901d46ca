/** What the cgroups of this process leave it of the machine, and what they use. Version 2 has one tree, version 1 one for each controller. */
import fs from 'node:fs'
import path from 'node:path'

/** The tightest limit among a cgroup and those above it. */
export interface Limit {
	amount: number
	/** What the cgroup that has this limit uses; undefined where it does not tell. */
	used: () => number | undefined
}

export interface Cgroup {
	/** Cpus, decimals allowed; `used` is seconds of cpu time since it was made. */
	cpu: Limit | undefined
	/** Megabytes; `used` leaves out what can be dropped at need. */
	memory: Limit | undefined
}

type Read = (folder: string) => Limit | undefined

/** Reads below `root`, which is `/` but in tests. Answers undefined for what is not limited, or not Linux. */
export function readCgroup(root = '/'): Cgroup {
	const limit = (controller: string, readV2: Read, readV1: Read) => {
		const { folders, isV2 } = foldersOf(root, controller)
		const limits = folders.map(isV2 ? readV2 : readV1).filter((found) => found !== undefined)
		return limits.toSorted((a, b) => a.amount - b.amount)[0]
	}
	return { cpu: limit('cpu', cpuV2, cpuV1), memory: limit('memory', memoryV2, memoryV1) }
}

/** A cgroup's folder and those above it. A container may see the path that its host sees, so some of them need not exist. */
function foldersOf(root: string, controller: string): { folders: string[]; isV2: boolean } {
	const lines = (read(path.join(root, 'proc/self/cgroup')) ?? '').split('\n').map((line) => line.split(':'))
	const v1 = lines.find(([, controllers]) => controllers?.split(',').includes(controller))
	const found = v1 ?? lines.find(([id, controllers]) => id === '0' && controllers === '')
	const mount = path.join(root, 'sys/fs/cgroup', v1 ? controller : '')
	const folders: string[] = []
	for (let at = found?.slice(2).join(':'); at; at = at === '/' ? undefined : path.dirname(at)) folders.push(path.join(mount, at))
	return { folders, isV2: !v1 }
}

function cpuV2(folder: string): Limit | undefined {
	const [quota, period] = (read(path.join(folder, 'cpu.max')) ?? '').split(' ').map(Number)
	return cpuLimit(quota, period, () => numberIn(path.join(folder, 'cpu.stat'), /^usage_usec (\d+)/m, 1e-6))
}

function cpuV1(folder: string): Limit | undefined {
	const [quota, period] = ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((file) => numberIn(path.join(folder, file), /^(\d+)/))
	return cpuLimit(quota, period, () => numberIn(path.join(folder, 'cpuacct.usage'), /^(\d+)/, 1e-9))
}

/** No number is no limit: `max` in version 2, -1 in version 1. */
const cpuLimit = (quota: number | undefined, period: number | undefined, used: Limit['used']): Limit | undefined =>
	quota && period ? { amount: quota / period, used } : undefined

const memoryV2: Read = (folder) => memoryLimit(folder, 'memory.max', 'memory.current', /^inactive_file (\d+)/m)
const memoryV1: Read = (folder) => memoryLimit(folder, 'memory.limit_in_bytes', 'memory.usage_in_bytes', /^total_inactive_file (\d+)/m)

function memoryLimit(folder: string, limitFile: string, usageFile: string, droppable: RegExp): Limit | undefined {
	const amount = numberIn(path.join(folder, limitFile), /^(\d+)/, 2 ** -20)
	if (!amount) return undefined
	const used = () => {
		const all = numberIn(path.join(folder, usageFile), /^(\d+)/, 2 ** -20)
		return all === undefined ? undefined : all - (numberIn(path.join(folder, 'memory.stat'), droppable, 2 ** -20) ?? 0)
	}
	return { amount, used }
}

function numberIn(file: string, pattern: RegExp, factor = 1): number | undefined {
	const [, digits] = pattern.exec(read(file) ?? '') ?? []
	return digits === undefined ? undefined : Number(digits) * factor
}

function read(file: string): string | undefined {
	try {
		return fs.readFileSync(file, 'utf8')
	} catch {
		return undefined
	}
}
