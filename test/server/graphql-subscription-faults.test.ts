import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'ava'
import { startEmbedded } from '../../db/embedded.ts'
import { migrate } from '../../db/migrate.ts'
import { connectDb } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { makeAsk, makeSubscriber } from './graphql-support.ts'
import { clientOf, type Json, registerBuiltInTypes, startTestServer, useServer } from './support.ts'

const { db, api } = useServer(test)

const JOB = `subscription ($id: UUID!, $since: BigInt) { job(jobId: $id, since: $since) { id event data } }`
const named = (event: string) => (found: Json) => found.event === event

test.serial('who does not read is ended with an error that says how to go on, and loses nothing', async (t) => {
	await makeAsk(api)('{ __typename }')
	const { id } = await api.submit()
	const slow = makeSubscriber(api.url)
	const stream = slow.subscribe(JOB, { id })
	const { id: since } = await stream.find(named('subscribed'))
	slow.sockets[0]!.pause()

	const text = 'x'.repeat(30_000)
	await db.query(
		`insert into taskq_private.job_events (at, event, job_ids, lane_ids, attempts, data)
		select now(), 'job_progress', e.job_ids, e.lane_ids, array[1], jsonb_build_array(jsonb_build_object('text', $1::text))
		from (select * from taskq_private.job_events where event = 'job_submitted' and $2 = any (job_ids) limit 1) as e, generate_series(1, 600)`,
		[text, id],
	)
	await until(async () => (await api.get('/health')).body.checks?.stream?.clients === 0)
	slow.sockets[0]!.resume()
	await stream.ended
	const [error] = stream.answers.at(-1).errors
	const again = makeSubscriber(api.url).subscribe(JOB, { id, since })
	await until(() => again.answers.filter(({ data }) => data.job.event === 'job_progress').length === 600)

	t.is(error.extensions.code, 'too_slow')
	t.regex(error.extensions.hint, /since/)
	t.true(stream.answers.length < 600)
	again.end()
})

test.serial('a subscription outlives a restart of the database', async (t) => {
	const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'taskq-restart-'))
	const home = process.env.TEST_PG_HOME
	let postgres = await startEmbedded({ dataDir, home })
	await migrate(postgres.url)
	const other = connectDb(postgres.url)
	await registerBuiltInTypes(other)
	const server = await startTestServer(other)
	const client = clientOf(server.url)
	await makeAsk(client)('{ __typename }')
	const { id } = await client.submit()
	const stream = makeSubscriber(server.url).subscribe(JOB, { id })
	await stream.find(named('subscribed'))

	await postgres.stop()
	const away = await client.post('/graphql', { query: '{ countJobs }' })
	postgres = await startEmbedded({ dataDir, home, port: Number(new URL(postgres.url).port) })
	await until(async () => (await client.send('PATCH', `/jobs/${id}/cancel`)).status === 200)
	const cancelled = await stream.find(named('job_cancelled'))

	t.is(away.body.errors[0].extensions.code, 'database_unavailable')
	t.is(cancelled.event, 'job_cancelled')
	await server.stop()
	await other.end()
	await postgres.stop()
	fs.rmSync(dataDir, { recursive: true, force: true })
})
