/** A transaction pooler in front of a cluster, as Debian packages it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { freePort, isAlive } from '../../db/embedded-process.ts'

const PROGRAM = '/usr/sbin/pgbouncer'

/** Why there is none here; undefined where there is. */
export const noPgbouncer: string | undefined = fs.existsSync(PROGRAM) ? undefined : 'needs pgbouncer: apt-get install pgbouncer'

export interface Pgbouncer {
	/** A connection string that goes through it. */
	url: string
}

/** One in transaction mode with so many connections to each user's database, ended at the end of the test. */
export async function makePgbouncer(
	t: ExecutionContext,
	connectionString: string,
	{ poolSize = 4, settings = '' } = {},
): Promise<Pgbouncer> {
	const { hostname, port, username, password } = new URL(connectionString)
	const own = await freePort()
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'taskq-pgbouncer-'))
	fs.writeFileSync(path.join(dir, 'users.txt'), `"${username}" "${decodeURIComponent(password)}"\n`)
	fs.writeFileSync(
		path.join(dir, 'pgbouncer.ini'),
		`[databases]
* = host=${hostname} port=${port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = plain
auth_file = ${dir}/users.txt
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 500
logfile = ${dir}/pgbouncer.log
${settings}
`,
	)
	const bouncer = start(dir)
	t.teardown(async () => {
		bouncer.kill('SIGINT')
		while (isAlive(bouncer.pid!)) await sleep(10)
		fs.rmSync(dir, { recursive: true, force: true })
	})
	while (!(await answers(own))) {
		if (bouncer.exitCode !== null) throw new Error(`pgbouncer ended: ${fs.readFileSync(path.join(dir, 'pgbouncer.log'), 'utf8')}`)
		await sleep(20)
	}
	return { url: Object.assign(new URL(connectionString), { hostname: '127.0.0.1', port: String(own) }).href }
}

/** It refuses to run as root. */
function start(dir: string): ChildProcess {
	const args = [path.join(dir, 'pgbouncer.ini')]
	if (process.getuid?.() !== 0) return spawn(PROGRAM, args, { stdio: 'ignore' })
	const [uid, gid] = ['-u', '-g'].map((what) => Number(spawnSync('id', [what, 'nobody']).stdout))
	for (const file of [dir, ...fs.readdirSync(dir).map((name) => path.join(dir, name))]) fs.chownSync(file, uid!, gid!)
	return spawn(PROGRAM, args, { stdio: 'ignore', uid: uid!, gid: gid! })
}

const answers = (port: number): Promise<boolean> =>
	new Promise((resolve) => {
		const socket = net.connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
		socket.on('connect', () => socket.destroy())
	})
