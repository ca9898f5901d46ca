/** Times of GET /jobs pages over HTTP: every filter, against a server of its own on the database that DATABASE_URL names. */
import { pino } from 'pino'
import { readSettings } from '../db/settings.ts'
import { startServer } from '../server/main.ts'

const connectionString = process.env.DATABASE_URL!
const server = await startServer({ settings: readSettings({ API_PORT: '0' }), connectionString, log: pino({ level: 'silent' }) })
const queries = [
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
for (const query of queries) {
	const times: number[] = []
	for (let n = 0; n < 60; n++) {
		const started = performance.now()
		const answer = await fetch(`${server.url}/jobs?${query}`)
		if (!answer.ok) throw new Error(await answer.text())
		await answer.json()
		if (n >= 10) times.push(performance.now() - started)
	}
	times.sort((a, b) => a - b)
	console.log(`${query.padEnd(40)} p50 ${times[25]!.toFixed(1)} ms  p95 ${times[47]!.toFixed(1)} ms`)
}
await server.stop()
