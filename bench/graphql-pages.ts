/**
 * Times of pages of GraphQL under every filter, the cpu that each takes of PostgreSQL (on the same machine) and of server and client,
 * and whether a large table was read from end to end, on the database that DATABASE_URL names.
 */
import fs from 'node:fs'
import pg from 'pg'
import { pino } from 'pino'
import { readSettings } from '../db/settings.ts'
import { startServer } from '../server/main.ts'

const page = (args: string, of = 'jobId type status createdAt') => `{ jobs(${args}) { pageInfo { endCursor } nodes { ${of} } } }`
const RELATED = `jobId executions { nodes { attempt outcome } } logs { nodes { message } } dependencies { nodes { dependsOnId } }
	dependents { nodes { jobId } } workflow { name }`

const documents: Record<string, string> = {
	'no filter': page('first: 50'),
	'oldest first': page('first: 50, orderBy: CREATED_ASC'),
	completed: page('filter: {status: [completed]}'),
	failed: page('filter: {status: [failed]}'),
	'cancelled or failed': page('filter: {status: [cancelled, failed]}'),
	running: page('filter: {status: [running]}'),
	type: page('filter: {type: ["echo"]}'),
	'a type that never was': page('filter: {type: ["never"]}'),
	queue: page('filter: {queue: ["default"]}'),
	'a level': page('filter: {priorityLevel: [high]}'),
	'a level and a status': page('filter: {priorityLevel: [normal], status: [completed]}'),
	'type, queue and status, oldest first': page('filter: {type: ["mail"], queue: ["mail"], status: [failed]}, orderBy: CREATED_ASC'),
	'created long ago': page('filter: {createdTo: "2020-01-01T00:00:00Z"}'),
	'created in the last hour': page(`filter: {createdFrom: "${new Date(Date.now() - 3_600_000).toISOString()}"}`),
	'run_at in the future': page('filter: {runAtFrom: "2040-01-01T00:00:00Z"}'),
	'run_at in the past': page('filter: {runAtTo: "2040-01-01T00:00:00Z"}'),
	metadata: page('filter: {metadata: {customer: "acme"}}'),
	'metadata and a status': page('filter: {metadata: {customer: "acme"}, status: [failed]}'),
	'200 rows': page('first: 200'),
	'with all that belongs to them': page('first: 50', RELATED),
	'dead letters': '{ deadLetters { nodes { jobId type } } }',
}

async function ask(url: string, query: string): Promise<number> {
	const started = performance.now()
	const answer = await fetch(`${url}/graphql`, {
		method: 'POST',
		headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify({ query }),
	})
	const { errors } = (await answer.json()) as { errors?: unknown }
	if (errors) throw new Error(JSON.stringify(errors))
	return performance.now() - started
}

const connectionString = process.env.DATABASE_URL!
const requests = Number(process.env.REQUESTS ?? 50)
const db = new pg.Client(connectionString)
await db.connect()
const scans = async () => {
	await db.query('select pg_stat_clear_snapshot()')
	const { rows } = await db.query(
		`select relname as name, seq_scan::integer as scans from pg_stat_user_tables where schemaname = 'taskq_private' and n_live_tup > 10000`,
	)
	return new Map<string, number>(rows.map(({ name, scans }) => [name, scans]))
}
/** Milliseconds of cpu that the sessions of GraphQL have used, as Linux tells; 0 elsewhere. */
async function cpuOfSessions(): Promise<number> {
	const { rows } = await db.query(
		"select pid from pg_stat_activity where application_name = 'taskq server graphql' and datname = current_database()",
	)
	const ticks = rows.map(({ pid }) => {
		if (!fs.existsSync(`/proc/${pid}/stat`)) return 0
		const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
		return Number(fields[11]) + Number(fields[12])
	})
	return ticks.reduce((a, b) => a + b, 0) * 10
}
const cpuOfServer = () => {
	const { user, system } = process.cpuUsage()
	return (user + system) / 1_000
}
const server = await startServer({ settings: readSettings({ API_PORT: '0' }), connectionString, log: pino({ level: 'silent' }) })
while ((await fetch(`${server.url}/graphql`, { method: 'POST' })).status === 503) await new Promise((resolve) => setTimeout(resolve, 100))
for (const [name, document] of Object.entries(documents)) {
	const before = await scans()
	for (let n = 0; n < 10; n++) await ask(server.url, document)
	const times: number[] = []
	const cpu = [await cpuOfSessions(), cpuOfServer()] as const
	for (let n = 0; n < requests; n++) times.push(await ask(server.url, document))
	const used = [(await cpuOfSessions()) - cpu[0], cpuOfServer() - cpu[1]].map((ms) => (ms / requests).toFixed(1))
	times.sort((a, b) => a - b)
	await new Promise((resolve) => setTimeout(resolve, 1_200)) // so that the sessions have reported
	const scanned = [...(await scans())].filter(([table, count]) => count > (before.get(table) ?? 0)).map(([table]) => table)
	const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!.toFixed(1)
	console.log(
		`${name.padEnd(40)} p50 ${at(0.5)} ms  p95 ${at(0.95)} ms  cpu ${used[0]} + ${used[1]} ms  scanned: ${scanned.join(', ') || 'none'}`,
	)
}
await server.stop()
await db.end()
