/** `npm run migrate:commit`: turns db/migrations/current into a committed migration, in a PostgreSQL made for it alone. */

import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { startEmbedded } from './embedded.ts'

const action = process.argv[2] ?? 'commit'
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'taskq-commit-'))
const postgres = await startEmbedded({ dataDir: dir, settings: { fsync: 'off' } })
try {
	const client = new pg.Client(postgres.url)
	await client.connect()
	await client.query('create database taskq')
	await client.end()
	const at = (database: string) => postgres.url.replace(/postgres$/, database)
	const { status } = spawnSync('graphile-migrate', action === 'commit' ? ['commit'] : [action], {
		stdio: 'inherit',
		env: { ...process.env, DATABASE_URL: at('taskq'), SHADOW_DATABASE_URL: at('taskq_shadow'), ROOT_DATABASE_URL: postgres.url },
	})
	process.exitCode = status ?? 1
} finally {
	await postgres.stop()
	fs.rmSync(dir, { recursive: true, force: true })
}
