import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Row } from '../trial.ts'
import { repeat } from './repeat.ts'

export const terminate: Row = {
	name: 'terminate-backends',
	title: '`pg_terminate_backend` stream, 2 a second',
	group: 'chaos',
	async fault(storm, seconds) {
		storm.mark('terminate', '*')
		await repeat(seconds, 0.5, () => storm.database.terminateOne())
	},
}

export const restart: Row = {
	name: 'restart-postgres',
	title: 'PostgreSQL restarts, `immediate`',
	group: 'chaos',
	async fault(storm, seconds) {
		storm.mark('restart', '*')
		await repeat(Math.max(seconds, 8), Math.max(seconds / 6, 4), () => storm.database.crash())
	},
}

export const killBackend: Row = {
	name: 'kill-backend',
	title: 'kill -9 of a backend',
	group: 'processes',
	async fault(storm, seconds) {
		storm.mark('kill backend', '*')
		await repeat(Math.max(seconds, 5), 5, () => storm.database.killBackend())
	},
}

/** With 300 sessions allowed, not one is left for whoever comes. */
export const exhaust: Row = {
	name: 'exhaust-connections',
	title: 'pool exhaustion, 300 idle connections',
	group: 'chaos',
	async fault(storm, seconds) {
		const clients = Array.from(
			{ length: 300 },
			() => new pg.Client({ connectionString: storm.database.url, application_name: 'faults hog' }),
		)
		for (const client of clients) client.on('error', () => {})
		let refused = 0
		for (const client of clients) await client.connect().catch(() => refused++)
		await sleep(seconds * 1000)
		await Promise.all(clients.map((client) => client.end().catch(() => {})))
		storm.notes.push(`${300 - refused} got in, ${refused} were refused`)
		if (refused === 0) storm.failures.push('no connection was refused, so nothing was exhausted')
	},
}
