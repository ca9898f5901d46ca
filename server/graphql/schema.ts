/** `npm run graphql:schema`: writes schema.graphql, the GraphQL schema of a migrated database of its own. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type pg from 'pg'
import { postgraphile } from 'postgraphile'
import { lexicographicSortSchema, printSchema } from 'postgraphile/graphql'
import { startEmbedded } from '../../db/embedded.ts'
import { makeLog } from '../../db/log.ts'
import { migrate } from '../../db/migrate.ts'
import { Database } from '../database.ts'
import { makeGraphqlPool } from './pool.ts'
import { makePreset } from './preset.ts'

export const SCHEMA_FILE = path.join(import.meta.dirname, 'schema.graphql')

/** The schema that this pool's database makes, as text, sorted. */
export async function schemaText(pool: pg.Pool): Promise<string> {
	const log = makeLog('silent')
	const instance = postgraphile(makePreset({ pool, callerOf: () => ({ role: 'taskq_reader', name: null }), log }))
	try {
		return `${printSchema(lexicographicSortSchema(await instance.getSchema()))}\n`
	} finally {
		await instance.release()
	}
}

async function main(): Promise<void> {
	const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'taskq-schema-'))
	const postgres = await startEmbedded({ dataDir })
	try {
		await migrate(postgres.url)
		const database = new Database({ connectionString: postgres.url, log: makeLog('silent') })
		fs.writeFileSync(SCHEMA_FILE, await schemaText(makeGraphqlPool(database)))
		await database.end()
	} finally {
		await postgres.stop()
		fs.rmSync(dataDir, { recursive: true, force: true })
	}
}

if (import.meta.main) await main()
