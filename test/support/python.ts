import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Db } from './db.ts'
import { root } from './file-rules.ts'

/** The first Python 3 that can import psycopg2: Debian's, where a package brought it, or any on the PATH. */
export const python = ['/usr/bin/python3', 'python3', '/usr/local/bin/python3'].find(
	(program) => spawnSync(program, ['-c', 'import psycopg2']).status === 0,
)

/** examples/python-worker/worker.py as a process of its own, ended at the end of the test. */
export function spawnPythonWorker(t: ExecutionContext, db: Db, env: Record<string, string> = {}): ChildProcess & { output: () => string } {
	const child = spawn(python!, [path.join(root, 'examples/python-worker/worker.py')], {
		env: { ...process.env, DATABASE_URL: db.url, ...env },
		stdio: ['ignore', 'pipe', 'pipe'],
	})
	let output = ''
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
	t.teardown(() => child.kill('SIGKILL'))
	return Object.assign(child, { output: () => output })
}
