import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { MIX, makeJob } from '../requests.ts'
import type { Storm } from '../storm.ts'
import type { Row } from '../trial.ts'

/** Sessions that stand in a transaction for so long; what they have seen cannot be removed meanwhile. */
async function hold(storm: Storm, count: number, seconds: number, statements: string[]): Promise<void> {
	const clients = Array.from(
		{ length: count },
		() => new pg.Client({ connectionString: storm.database.url, application_name: 'faults holder' }),
	)
	await Promise.all(
		clients.map(async (client) => {
			await client.connect()
			for (const statement of statements) await client.query(statement)
		}),
	)
	await sleep(seconds * 1000)
	await Promise.all(clients.map((client) => client.query('select count(*) from taskq.jobs')))
	await Promise.all(clients.map((client) => client.end()))
}

export const idleHolder: Row = {
	name: 'idle-in-transaction',
	title: 'a session idle in a transaction that has written',
	group: 'pressure',
	// it has an id of its own, and rows that nobody else sees
	fault: (storm, seconds) => hold(storm, 1, seconds, ['begin', 'create table faults.held as select * from taskq.jobs']),
}

export const readers: Row = {
	name: 'repeatable-readers',
	title: '4 readers in `repeatable read`',
	group: 'pressure',
	fault: (storm, seconds) => hold(storm, 4, seconds, ['begin isolation level repeatable read', 'select count(*) from taskq.jobs']),
}

export const highLoad: Row = {
	name: 'high-load',
	title: '1.5 times the load',
	group: 'pressure',
	async fault(storm, seconds) {
		storm.setRate(storm.rate * 1.5)
		await sleep(seconds * 1000)
		storm.setRate(storm.rate)
	},
}

export const burst: Row = {
	name: 'burst',
	title: 'a burst: what is asked for in 20 seconds at once',
	group: 'pressure',
	async fault(storm, seconds) {
		const jobs = Array.from({ length: storm.rate * 20 }, () => makeJob(randomUUID(), MIX))
		await storm.submit(jobs)
		await sleep(seconds * 1000)
	},
}
