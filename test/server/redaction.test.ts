import test from 'ava'
import { call, callOne } from '../../db/calls.ts'
import { claim, registerWorker } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { type Json, openStream, startTestServer, useServer } from './support.ts'

const logs: Json[] = []
const { db, api } = useServer(test, { logs })

const SECRET = 'hunter2-hunter2'
const secrets = { smtp: [{ Password: SECRET }], url: `postgres://app:${SECRET}@db/x`, header: `Bearer ${SECRET}` }

/** A workflow whose first job was claimed, told of itself, and failed for good with all of it. */
async function failWithSecrets() {
	const job = { payload: secrets, metadata: secrets, retry_config: { max_attempts: 1 }, type: 'echo' }
	const { body } = await api.post('/jobs/batch', {
		workflow: { name: 'w', metadata: secrets },
		jobs: [
			{ ...job, name: 'a' },
			{ ...job, name: 'b', depends_on: [{ job: 'a', condition: 'finished' }] },
		],
	})
	const [{ id, workflow_id = body.workflow?.id ?? body.workflow_id }, { id: child }] = body.jobs
	const claimed = await claim(db, await registerWorker(db), 1)
	const held = [claimed.claim_id, id]
	await call(db.pool, 'logJobs', [JSON.stringify([{ claim_id: held[0], job_id: id, message: `with Bearer ${SECRET}`, data: secrets }])])
	await call(db.pool, 'reportProgress', [...held, 50, JSON.stringify(secrets)])
	const during = await api.get(`/jobs/${id}`)
	await db.query('select taskq.fail_job($1, $2, $3)', [...held, `no connection to ${secrets.url}`])
	return { id, child, workflow: workflow_id, claimed, during }
}

test.serial('no door shows a secret, and workers get the truth', async (t) => {
	const stream = await openStream(api.url, '?topics=job,job_log,workflow')
	const { id, child, workflow, claimed, during } = await failWithSecrets()
	await until(() => stream.messages.find(({ event }) => event === 'job_failed'))

	const paths = [
		'/jobs',
		'/jobs?limit=200',
		`/jobs/${id}`,
		`/jobs/${id}/logs`,
		`/jobs/${id}/executions`,
		`/jobs/${id}/why`,
		'/dead-letters',
		`/jobs/${child}`,
	]
	const answers = await Promise.all([...paths, `/workflows/${workflow}`, '/workflows', `/jobs/${id}/graph`].map((path) => api.get(path)))
	const query = `{ job(jobId: "${id}") { payload metadata error logs { nodes { message data } } executions { nodes { error } } workflow { metadata } } listJobs { payload } deadLetters(first: 5) { nodes { payload error } } }`
	const graphql = await until(async () => {
		const answer = await api.post('/graphql', { query })
		return answer.status === 503 ? undefined : answer
	})
	const resumed = await openStream(api.url, '?topics=job,job_log&since=0')
	await until(() => resumed.messages.find(({ event }) => event === 'job_failed'))
	const shown = [during, ...answers, graphql].map(({ body }) => JSON.stringify(body))

	t.deepEqual(
		[...shown, ...[...stream.messages, ...resumed.messages].map((message) => JSON.stringify(message))].filter((text) =>
			text.includes(SECRET),
		),
		[],
	)
	t.is(graphql.body.errors, undefined)
	for (const [n, text] of shown.entries())
		if (!/why|graph$/.test([`/jobs/${id}`, ...paths, '', '', 'graph'][n] ?? '')) t.regex(text, /\[redacted\]/, String(n))
	t.deepEqual(claimed.jobs[0]!.payload, secrets)
	t.false(JSON.stringify(logs).includes(SECRET))
	for (const { ws } of [stream, resumed]) ws.terminate()
})

test.serial('workers get the truth of their parents, readers what may be shown', async (t) => {
	const parent = (await callOne<{ job_id: string }>(db.pool, 'submitEach', [JSON.stringify([{ type: 'echo' }])])).job_id
	const child = (await callOne<{ job_id: string }>(db.pool, 'submitEach', [JSON.stringify([{ type: 'echo', depends_on: [parent] }])]))
		.job_id
	const worker = await registerWorker(db)
	for (;;) {
		const { claim_id, jobs } = await claim(db, worker, 1)
		await callOne(db.pool, 'completeJob', [claim_id, jobs[0]!.job_id, JSON.stringify(secrets)])
		if (jobs[0]!.job_id === parent) break
	}
	const seenBy = async (role: string) => {
		const client = await db.client()
		await client.query(`set role ${role}`)
		return (await callOne<{ result: unknown }>(client, 'parentResults', [child])).result
	}

	t.deepEqual(await seenBy('taskq_worker'), secrets)
	for (const role of ['taskq_reader', 'taskq_operator', 'taskq_admin']) t.false(JSON.stringify(await seenBy(role)).includes(SECRET), role)
})

test.serial('an idempotency key compares the truth, not what is shown', async (t) => {
	const ask = (password: string) => api.post('/jobs', { type: 'echo', idempotency_key: 'redacted', payload: { password } })

	t.deepEqual([(await ask('a')).status, (await ask('a')).status, (await ask('b')).status], [201, 200, 409])
})

test.serial('the log has no ticket, no key and no password, wherever they stand', async (t) => {
	const lines: Json[] = []
	const server = await startTestServer(db, { logs: lines })
	const key = `taskq_0123456789ab_${'f'.repeat(64)}`

	await fetch(`${server.url}/jobs?token=${SECRET}&api_key=${SECRET}`)
	await fetch(`${server.url}/queues?x=${key}`, { headers: { Authorization: `Bearer ${key}`, Cookie: `session=${SECRET}` } })
	await until(() => lines.filter(({ msg }) => msg === 'request').length >= 2)
	await server.stop()

	const text = JSON.stringify(lines)
	t.regex(text, /token=\[redacted\]/)
	t.false(text.includes(SECRET) || text.includes('f'.repeat(64)))
})
