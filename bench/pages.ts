/** Times of GET /jobs pages over HTTP: every filter, against a server of its own on the database that DATABASE_URL names. */
import { pino } from 'pino'
import { readSettings } from '../db/settings.ts'
import { startServer } from '../server/main.ts'

export const queries = [
	'',
	'status=completed',
	'status=failed',
	'status=cancelled,failed',
	'type=echo',
	'type=never',
	'queue=default',
	'priority=high',
	'priority=normal&status=completed',
	'created_to=2020-01-01T00:00:00Z',
	'run_at_from=2040-01-01T00:00:00Z',
	'metadata.customer=acme',
	'limit=200',
]

/** Milliseconds of each of so many requests, until the answer is read; the first ones warm up. `path` may differ from request to request. */
export async function timePage(url: string, path: (n: number) => string, requests = 50): Promise<number[]> {
	const times: number[] = []
	for (let n = -10; n < requests; n++) {
		const started = performance.now()
		const answer = await fetch(url + path(n + 10))
		if (!answer.ok) throw new Error(await answer.text())
		await answer.json()
		if (n >= 0) times.push(performance.now() - started)
	}
	return times
}

if (import.meta.main) {
	const connectionString = process.env.DATABASE_URL!
	const server = await startServer({ settings: readSettings({ API_PORT: '0' }), connectionString, log: pino({ level: 'silent' }) })
	for (const query of queries) {
		const times = (await timePage(server.url, () => `/jobs?${query}`)).toSorted((a, b) => a - b)
		console.log(`${query.padEnd(40)} p50 ${times[25]!.toFixed(1)} ms  p95 ${times[47]!.toFixed(1)} ms`)
	}
	await server.stop()
}
