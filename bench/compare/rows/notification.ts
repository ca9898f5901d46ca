import fs from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { Entries } from '../results.ts'
import { brief, COSTS, RATE, type Row, thousands } from '../row.ts'
import { type Bench, withDatabase } from '../run.ts'
import { rotated } from '../statistics.ts'
import type { Client } from '../system.ts'
import { taskq } from '../systems/taskq.ts'
import { measureSubmits, submitSingly } from './submits.ts'

const JOBS = 10_000
const CALLERS = 32
const OFF = 'without notification'
const HINT = path.resolve(import.meta.dirname, '../../../functions/0_base/hint.sql')

/** The function as it is, with nothing in it. */
export function emptyHint(): string {
	const text = fs.readFileSync(HINT, 'utf8')
	const empty = text.replace(/^begin\n[\s\S]*?^end;$/m, 'begin\nend;')
	if (empty === text) throw new Error('hint.sql has another form')
	return empty
}

const run = (bench: Bench, isOn: boolean, jobs: number) =>
	withDatabase(bench, taskq, async (database) => {
		if (!isOn) await bench.cluster.run(database, (db) => db.query(`set role taskq_owner; ${emptyHint()}`))
		// whom it would wake: with no listener at all PostgreSQL has less to do
		const listener = new pg.Client(bench.cluster.url(database))
		await listener.connect()
		await listener.query('listen taskq_ready')
		try {
			const submit = (client: Client, count: number, first?: number) => submitSingly(client, count, CALLERS, first)
			return await measureSubmits(bench, taskq, { connections: CALLERS, jobs, warmUp: Math.min(1_000, jobs), submit }, database)
		} finally {
			await listener.end()
		}
	})

export const notification: Row = {
	name: 'notification',
	title: 'What notification costs submitters',
	about: `taskq only: ${thousands(JOBS)} single submits by ${CALLERS} callers on ${CALLERS} connections, as it is and with the function that notifies (functions/0_base/hint.sql) emptied.`,
	columns: [RATE, ...COSTS],
	reference: ({ system }) => ({ case: OFF, system }),
	referenceTitle: 'without',
	charts: ['jobs_per_second'],
	async run(bench) {
		const entries = new Entries()
		const jobs = bench.scale.jobs || Math.ceil(JOBS / bench.scale.divisor)
		for (let round = 0; round < bench.scale.rounds; round++) {
			for (const isOn of rotated([true, false], round)) {
				const sample = await run(bench, isOn, jobs)
				bench.progress(`${isOn ? 'with' : 'without'}: ${brief(sample)}`)
				entries.add(isOn ? 'with notification' : OFF, taskq.name, sample)
			}
		}
		return entries.list([taskq.name])
	},
}
