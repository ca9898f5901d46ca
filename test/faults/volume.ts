/** Directories in memory for clusters: file systems of their own where they are to be filled up. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export interface Volume {
	dir: string
	/** Takes all space that is left, but for so many bytes. */
	fill: (leave?: number) => void
	/** Gives back what `fill` took. */
	free: () => void
	/** Stops what runs in it, and removes it. */
	remove: () => void
}

/** Why file systems cannot be mounted here; undefined where they can. */
export const noMounts: string | undefined =
	process.platform === 'linux' && process.getuid?.() === 0 && canMount() ? undefined : 'needs root on Linux, to mount small file systems'

function canMount(): boolean {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'taskq-mount-'))
	const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir]).status === 0
	if (mounted) spawnSync('umount', [dir])
	fs.rmdirSync(dir)
	return mounted
}

/** A directory in memory, of at most so many megabytes where that is said. */
export function makeDir(name: string, megabytes?: number): Volume {
	const root = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir()
	const dir = path.join(root, `taskq-test-${name}`)
	fs.mkdirSync(dir, { recursive: true, mode: 0o755 })
	if (megabytes !== undefined) {
		const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir], { encoding: 'utf8' })
		if (status !== 0) throw new Error(`cannot mount ${megabytes} MB at ${dir}: ${stderr}`)
	}
	const guard = startGuard(dir)
	const ballast = path.join(dir, 'ballast')
	return {
		dir,
		fill(leave = 0) {
			const { bavail, bsize } = fs.statfsSync(dir)
			const blocks = Math.max(0, bavail - Math.ceil(leave / bsize))
			fs.writeFileSync(ballast, Buffer.alloc(blocks * bsize), { flag: 'a' })
		},
		free: () => fs.rmSync(ballast, { force: true }),
		remove() {
			guard.kill()
			if (megabytes !== undefined) spawnSync('umount', ['-l', dir])
			fs.rmSync(dir, { recursive: true, force: true })
		},
	}
}

/** Cleans up after a test run that was cut short: a server in memory would stay for good. */
function startGuard(dir: string): ChildProcess {
	const script = `while kill -0 ${process.pid}; do sleep 1; done
		kill -QUIT $(head -n 1 ${dir}/data/postmaster.pid); sleep 1; umount -l ${dir}; rm -rf ${dir}`
	const guard = spawn('sh', ['-c', script], { detached: true, stdio: 'ignore' })
	guard.unref()
	return guard
}

/** The WAL goes to a volume of its own; the server must be down. */
export function moveWal(dataDir: string, volume: Volume): Volume {
	const [from, to] = [path.join(dataDir, 'pg_wal'), path.join(volume.dir, 'pg_wal')]
	if (spawnSync('cp', ['-a', from, to]).status !== 0) throw new Error(`cannot copy ${from} to ${to}`)
	fs.rmSync(from, { recursive: true })
	fs.symlinkSync(to, from)
	return volume
}
