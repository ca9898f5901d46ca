import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { callOne } from '../../db/calls.ts'
import { MAX_WAITING, MAX_WAITING_OF_KEY } from '../../server/rest/wait-seats.ts'
import { makeProxy } from '../faults/proxy.ts'
import { claim, registerWorker } from '../support/db.ts'
import { bePatient, until } from '../support/patience.ts'
import { type Answer, clientOf, isProblem, startTestServer, useServer } from './support.ts'

const { db, api } = useServer(test)

/** How many requests the server under test has in hand that wait for a job. */
const waiting = async (url = api.url): Promise<number> => (await clientOf(url).get('/health')).body.checks.waits.waiting

/** A job of a queue of its own, and what ends it. */
async function runningJob(queue: string, count = 1) {
	await db.stopClock() // so that no worker is taken for lost, however slow this machine is
	const worker = await registerWorker(db, { types: ['echo'], queues: [queue], concurrency: 1000 })
	const ids: string[] = []
	for (let n = 0; n < count; n++) ids.push((await api.submit({ queue })).id)
	const { claim_id } = await claim(db, worker, count)
	const end = (outcome: 'completed' | 'failed' = 'completed', some = ids) =>
		claim(
			db,
			worker,
			0,
			some.map((job_id) => ({ claim_id: claim_id!, job_id, outcome, result: null, fatal: true })),
		)
	return { id: ids[0]!, ids, worker, claim_id: claim_id!, end }
}

const seconds = async (work: Promise<Answer>): Promise<[Answer, number]> => {
	const started = performance.now()
	return [await work, (performance.now() - started) / 1000]
}

test.serial('a wait is answered at once where the job has ended, else when it ends', async (t) => {
	for (const outcome of ['completed', 'failed'] as const) {
		const { id, end } = await runningJob(`ends-${outcome}`)
		const answer = seconds(api.get(`/jobs/${id}?wait=60`))
		await until(async () => (await waiting()) > 0)

		await end(outcome)
		const [ended] = await answer
		const [again, took] = await seconds(api.get(`/jobs/${id}?wait=60`))

		t.like(ended, { status: 200, body: { id, status: outcome } })
		t.deepEqual(again.body, ended.body)
		t.true(took < 30)
	}
})

test.serial('a wait that is over is answered with the job as it is then', async (t) => {
	const { id } = await runningJob('over')

	const [answer, took] = await seconds(api.get(`/jobs/${id}?wait=1`))

	t.like(answer, { status: 200, body: { id, status: 'running' } })
	t.true(took >= 0.95)
})

test.serial('with If-None-Match, any change ends a wait, and no change is 304', async (t) => {
	const { id, claim_id, end } = await runningJob('changes')
	const { headers } = await api.get(`/jobs/${id}`)
	const known = { 'If-None-Match': headers.get('etag')! }

	const same = await fetch(`${api.url}/jobs/${id}?wait=1`, { headers: known })
	const changed = api.get(`/jobs/${id}?wait=60`, known)
	await until(async () => (await waiting()) > 0)
	await db.query("select taskq.report_progress($1, $2, 50, '{}')", [claim_id, id])
	const progressed = await changed
	const stale = await api.get(`/jobs/${id}?wait=60`, known)
	await end()

	t.is(same.status, 304)
	t.like(progressed.body, { status: 'running', progress: { percent: 50 } })
	t.is(stale.status, 200)
})

test.serial('a wait for what there is not, or that cannot be, is refused', async (t) => {
	isProblem(t, await api.get('/jobs/0190a0a0-0000-7000-8000-000000000000?wait=60'), 404, 'not_found')
	const { id } = await api.submit()
	for (const wait of ['61', '-1', '1.5', 'x', ''])
		isProblem(t, await api.get(`/jobs/${id}?wait=${wait}`), 422, 'invalid_request', { field: 'wait' })
	isProblem(t, await api.get(`/jobs/${id}?wiat=1`), 422, 'invalid_request', { field: 'wiat' })
	t.is((await api.get(`/jobs/${id}?wait=0`)).status, 200)
})

test.serial('who goes is no longer waited with', async (t) => {
	const server = await startTestServer(db)
	const { id } = await runningJob('goes')
	const requests = Array.from({ length: 5 }, () => http.get(`${server.url}/jobs/${id}?wait=60`).on('error', () => {}))
	await until(async () => (await waiting(server.url)) === 5)

	for (const request of requests) request.destroy()

	await until(async () => (await waiting(server.url)) === 0)
	t.is((await clientOf(server.url).get(`/jobs/${id}`)).body.status, 'running', 'nobody is answered because the job ended')
	await server.stop()
})

test.serial('a server that stops answers those who wait with the job as it is', async (t) => {
	const server = await startTestServer(db)
	const { id } = await runningJob('stops')
	const answer = seconds(clientOf(server.url).get(`/jobs/${id}?wait=60`))
	await until(async () => (await waiting(server.url)) === 1)

	await server.stop()
	const [{ status, body }, took] = await answer

	t.like({ status, body }, { status: 200, body: { id, status: 'running' } })
	t.true(took < 30)
})

test.serial('a wait outlives the database', async (t) => {
	const proxy = await makeProxy(db.url)
	await proxy.open()
	const server = await startTestServer(db, { connectionString: proxy.url })
	const { id, end } = await runningJob('restart')
	const answer = clientOf(server.url).get(`/jobs/${id}?wait=60`)
	const early = answer.then(({ status, body }) => `${status} ${JSON.stringify(body)}`)
	const waits = until(async () => (await waiting(server.url)) === 1)
	t.true(await Promise.race([early, waits]), 'it waits')

	await proxy.close()
	await end()
	isProblem(t, await clientOf(server.url).get(`/jobs/${id}?wait=60`), 503, 'database_unavailable')
	await proxy.open()

	t.like(await answer, { status: 200, body: { id, status: 'completed' } })
	await server.stop()
	await proxy.close()
})

const cancelAll = (ids: string[]) => db.query('select taskq.cancel_job(id) from unnest($1::uuid[]) as id', [ids])
const submitMany = async (count: number): Promise<string[]> => {
	const { body } = await api.post('/jobs/batch', { jobs: Array(count).fill({ type: 'echo', queue: 'many' }) })
	return body.jobs.map(({ id }: { id: string }) => id)
}

test.serial('two hundred waits cost the database no more than a few statements each, however long they last', async (t) => {
	const server = await startTestServer(db)
	const statements = async () =>
		Number((await db.row('select xact_commit as n from pg_stat_database where datname = current_database()')).n)
	const ids = await submitMany(200)
	const noise = await submitMany(50)
	const answers = ids.map((id) => clientOf(server.url).get(`/jobs/${id}?wait=60`))
	await until(async () => (await waiting(server.url)) === 200)
	await sleep(1500) // sessions tell their statistics once a second
	const before = await statements()
	const began = performance.now()

	await sleep(5000)
	await cancelAll(noise)
	await sleep(3000)
	const idle = (await statements()) - before
	const passed = (performance.now() - began) / 1000
	await cancelAll(ids)
	const ended = await Promise.all(answers)
	await sleep(1500)
	const all = (await statements()) - before

	t.true(ended.every(({ body }) => body.status === 'cancelled'))
	t.log(`${idle} statements in ${passed.toFixed(1)} s of waiting by 200, ${all - idle} with the end of all`)
	// a look a second by each would be 200 a second; sessions on a busy machine may tell late what was before
	t.true(idle < 100 * passed, `${idle} in ${passed} s: time, health and the stream, and nobody's own polling`)
	t.true(all - idle < 1_000, `${all - idle}`)
	await server.stop()
})

test.serial('so many wait and no more', async (t) => {
	bePatient(t)
	const server = await startTestServer(db)
	const [id] = await submitMany(1)
	const agent = new http.Agent({ maxSockets: Number.POSITIVE_INFINITY })
	const codes: number[] = []
	const wait = () =>
		http
			.get(`${server.url}/jobs/${id}?wait=60`, { agent }, (answer) => {
				codes.push(answer.statusCode!)
				answer.resume()
			})
			.on('error', () => codes.push(0))
	for (let n = 0; n < MAX_WAITING; n++) {
		wait()
		// a few at a time: on a slow machine the last of a thousand would be told that the database has no connection left for its look
		if (n % 50 === 49) await until(async () => (await waiting(server.url)) === n + 1)
	}

	const refused = await clientOf(server.url).get(`/jobs/${id}?wait=60`)
	const plain = await clientOf(server.url).get(`/jobs/${id}`)
	await cancelAll([id!])
	await until(() => codes.length === MAX_WAITING)

	isProblem(t, refused, 503, 'too_many_waits')
	t.is(refused.headers.get('retry-after'), '1')
	t.is(plain.status, 200)
	t.deepEqual(new Set(codes), new Set([200]))
	t.is(await waiting(server.url), 0)
	agent.destroy()
	await server.stop()
})

test.serial('with one API key so many wait, and others still can', async (t) => {
	const server = await startTestServer(db)
	const [id] = await submitMany(1)
	const { api_key } = await callOne<{ api_key: string }>(db.pool, 'issueApiKey', ['greedy', 'taskq_reader', null, null])
	const headers = { Authorization: `Bearer ${api_key}` }
	const agent = new http.Agent({ maxSockets: Number.POSITIVE_INFINITY })
	const greedy = Array.from({ length: MAX_WAITING_OF_KEY }, () =>
		http.get(`${server.url}/jobs/${id}?wait=60`, { agent, headers }).on('error', () => {}),
	)
	await until(async () => (await waiting(server.url)) === MAX_WAITING_OF_KEY)

	const refused = await clientOf(server.url).get(`/jobs/${id}?wait=60`, headers)
	const other = await clientOf(server.url).get(`/jobs/${id}?wait=1`)
	for (const request of greedy) request.destroy()
	await until(async () => (await waiting(server.url)) === 0)
	const again = await clientOf(server.url).get(`/jobs/${id}?wait=1`, headers)

	isProblem(t, refused, 503, 'too_many_waits')
	t.deepEqual([other.status, again.status], [200, 200])
	agent.destroy()
	await server.stop()
})
