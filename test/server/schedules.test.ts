import test from 'ava'
import { until } from '../support/patience.ts'
import { isProblem, type Json, useServer } from './support.ts'

const { db, api } = useServer(test)

const put = (path: string, body?: unknown) => api.send('PUT', path, body)
const remove = (path: string) => api.send('DELETE', path)
const nightly = { job: { type: 'echo', payload: { message: 'hi' } }, cron: '30 2 * * *', time_zone: 'Europe/Berlin' }

/** Asks a server's GraphQL endpoint, as soon as its schema is there. */
async function ask(query: string, variables: Json = {}): Promise<Json> {
	return until(async () => {
		const { status, body } = await api.post('/graphql', { query, variables })
		return status !== 503 && body
	})
}

test('a schedule is made, read, changed, paused, run and deleted', async (t) => {
	const made = await put('/schedules/nightly', nightly)
	const changed = await put('/schedules/nightly', {
		...nightly,
		catch_up: 'all',
		ends_at: '2999-01-01T00:00:00+01:00',
		job: { job_type: 'echo', max_retries: 1 },
	})
	const read = await api.get('/schedules/nightly')
	const paused = await put('/schedules/nightly/pause')
	const resumed = await remove('/schedules/nightly/pause')
	const run = await api.post('/schedules/nightly/runs')
	const job = await api.get(run.headers.get('location')!)
	const runs = await api.get('/schedules/nightly/runs?count=2')
	const deleted = await remove('/schedules/nightly')

	t.is(made.status, 200)
	t.like(made.body, {
		name: 'nightly',
		...nightly,
		every: null,
		catch_up: 'last',
		starts_at: null,
		ends_at: null,
		paused_at: null,
		last_run_at: null,
	})
	t.regex(made.body.next_run_at, /^\d{4}-\d\d-\d\dT0[01]:30:00\.000Z$/)
	t.is(made.body.next_runs.length, 5)
	t.is(made.body.next_runs[0], made.body.next_run_at)
	t.like(changed.body, { catch_up: 'all', ends_at: '2998-12-31T23:00:00.000Z', job: { type: 'echo', retry_config: { max_attempts: 2 } } })
	t.deepEqual(read.body, changed.body)
	t.is(paused.body.next_run_at, null)
	t.truthy(paused.body.paused_at)
	t.like(resumed.body, { paused_at: null, next_run_at: made.body.next_run_at })
	t.is(run.status, 201)
	t.like(job.body, { id: run.body.id, type: 'echo', metadata: { schedule: 'nightly' } })
	t.deepEqual(runs.body, { next_runs: made.body.next_runs.slice(0, 2) })
	t.is(deleted.status, 204)
	isProblem(t, await api.get('/schedules/nightly'), 404, 'not_found')
})

test('every is seconds or a duration, and what is answered can be sent again', async (t) => {
	for (const [given, answered] of [
		[90, 'PT1M30S'],
		[1.5, 'PT1.5S'],
		['PT5M', 'PT5M'],
		['P1DT1H', 'PT25H'],
		['P2W', 'PT336H'],
		['5 minutes', 'PT5M'],
		['1 day', 'PT24H'],
	]) {
		const { status, body } = await put('/schedules/every', { job: { type: 'echo' }, every: given })
		t.is(status, 200, JSON.stringify(body))
		t.is(body.every, answered)
		const { every, job } = body
		const again = await put('/schedules/every', { job, every })
		t.is(again.body.next_run_at, body.next_run_at)
	}
})

test('what is no duration is told what one is', async (t) => {
	for (const every of ['P1M', 'often', -1, 1e300, true, 'x'.repeat(100)]) {
		const { body } = await put('/schedules/every', { job: { type: 'echo' }, every })
		t.regex(body.detail, /^every must be seconds, or a duration such as "PT5M"/, String(every))
	}
})

test('what cannot be is refused, naming the field', async (t) => {
	const job = { type: 'echo' }
	const bad: [Json, number, string, string][] = [
		[undefined, 422, 'invalid_request', 'body'],
		[{ cron: '* * * * *' }, 422, 'invalid_request', 'job'],
		[{ job }, 422, 'invalid_request', 'cron'],
		[{ job, cron: '* * * * *', every: 5 }, 422, 'invalid_request', 'cron'],
		[{ job, cron: '61 * * * *' }, 422, 'invalid_request', 'cron'],
		[{ job, cron: 5 }, 422, 'invalid_request', 'cron'],
		[{ job, every: 'often' }, 422, 'invalid_request', 'every'],
		[{ job, every: 'P' }, 422, 'invalid_request', 'every'],
		[{ job, every: -1 }, 422, 'invalid_request', 'every'],
		[{ job, every: 0.5 }, 422, 'invalid_request', 'every'],
		[{ job, every: 1e300 }, 422, 'invalid_request', 'every'],
		[{ job, every: '999999999999999999999 weeks' }, 422, 'invalid_request', 'every'],
		[{ job, cron: '@daily', time_zone: 'Mars/Base' }, 422, 'invalid_request', 'time_zone'],
		[{ job, cron: '@daily', catch_up: 'most' }, 422, 'invalid_request', 'catch_up'],
		[{ job, cron: '@daily', starts_at: 'tomorrow' }, 422, 'invalid_request', 'starts_at'],
		[{ job, cron: '@daily', ends_at: '2001-01-01T00:00:00Z' }, 422, 'invalid_request', 'ends_at'],
		[{ job, cron: '@daily', colour: 1 }, 422, 'invalid_request', 'colour'],
		[{ job: [], cron: '@daily' }, 422, 'invalid_request', 'job'],
		[{ job: { type: 'nothing' }, cron: '@daily' }, 422, 'unknown_job_type', 'job.type'],
		[{ job: { ...job, idempotency_key: 'k' }, cron: '@daily' }, 422, 'invalid_request', 'job.idempotency_key'],
		[{ job: { type: 'math', payload: {} }, cron: '@daily' }, 422, 'invalid_payload', 'job.payload.operation'],
		[{ job: { ...job, payload: '\0' }, cron: '@daily' }, 422, 'invalid_request', 'job.payload'],
	]

	for (const [body, status, code, field] of bad) isProblem(t, await put('/schedules/bad', body), status, code, { field })
	isProblem(t, await put('/schedules/a%20b', { job, cron: '@daily' }), 422, 'invalid_request', { field: 'name' })
	isProblem(t, await put('/schedules/a%00b', { job, cron: '@daily' }), 422, 'invalid_request', { field: 'name' })
	isProblem(t, await api.post('/schedules/bad', {}), 405, 'method_not_allowed')
	for (const path of ['/schedules/nothing', '/schedules/nothing/runs']) isProblem(t, await api.get(path), 404, 'not_found')
	isProblem(t, await remove('/schedules/nothing'), 404, 'not_found')
	isProblem(t, await put('/schedules/nothing/pause'), 404, 'not_found')
	isProblem(t, await remove('/schedules/nothing/pause'), 404, 'not_found')
	isProblem(t, await api.post('/schedules/nothing/runs'), 404, 'not_found')
	isProblem(t, await api.get('/schedules/nothing/runs?count=0'), 422, 'invalid_request', { field: 'count' })
	t.is((await db.rows(`select from taskq.schedules where name = 'bad'`)).length, 0)
})

test('schedules are listed page by page', async (t) => {
	for (const name of ['l1', 'l2', 'l3']) await put(`/schedules/${name}`, nightly)

	const first = (await api.get('/schedules?after=l&limit=2')).body
	const second = (await api.get(`/schedules?after=${first.next_after}&limit=1000`)).body

	t.deepEqual(
		first.schedules.map(({ name }: Json) => name),
		['l1', 'l2'],
	)
	t.is(second.schedules[0].name, 'l3')
	t.is(second.next_after, null)
	isProblem(t, await api.get('/schedules?limit=0'), 422, 'invalid_request', { field: 'limit' })
})

test('runs are previewed before there is a schedule', async (t) => {
	const preview = (body: unknown) => api.post('/schedule-previews', body)

	const { status, body } = await preview({ cron: '30 2 * * *', time_zone: 'Europe/Berlin', after: '2026-03-28T12:00:00Z', count: 2 })
	t.is(status, 200)
	t.deepEqual(body, { next_runs: ['2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z'] })
	t.is((await preview({ every: 'PT1H' })).body.next_runs.length, 5)
	for (const [bad, field] of [
		[{}, 'cron'],
		[{ cron: 'x' }, 'cron'],
		[{ cron: '@daily', count: 1001 }, 'count'],
		[{ cron: '@daily', after: 'now' }, 'after'],
	])
		isProblem(t, await preview(bad), 422, 'invalid_request', { field })
})

test('GraphQL makes, lists, pauses, runs and previews schedules', async (t) => {
	const made = await ask(
		'mutation ($job: JobRequestInput!) { setSchedule(input: {name: "g", job: $job, every: {minutes: 5}, catchUp: "none"}) { nextRunAt } }',
		{ job: { type: 'echo' } },
	)
	const looked = await ask(`{
		schedule(name: "g") { name cron every { minutes } job catchUp nextRunAt pausedAt }
		schedules(first: 100) { nodes { name } }
		nextRuns(name: "g", count: 2)
		previewSchedule(cron: "@daily", timeZone: "Asia/Kathmandu", after: "2026-01-01T00:00:00Z", count: 1)
	}`)
	const operated = await ask(`mutation {
		runSchedule(input: {name: "g"}) { jobId }
		pauseSchedule(input: {name: "g"}) { clientMutationId }
		resumeSchedule(input: {name: "g"}) { nextRunAt }
		deleteSchedule(input: {name: "g"}) { clientMutationId }
	}`)
	const refused = await ask('mutation { setSchedule(input: {name: "g", job: {type: "echo"}, cron: "99 * * * *"}) { nextRunAt } }')

	for (const { errors } of [made, looked, operated]) t.is(errors, undefined)
	t.like(looked.data.schedule, { name: 'g', cron: null, every: { minutes: 5 }, job: { type: 'echo' }, catchUp: 'none', pausedAt: null })
	t.is(looked.data.schedule.nextRunAt, made.data.setSchedule.nextRunAt)
	t.true(looked.data.schedules.nodes.some(({ name }: Json) => name === 'g'))
	t.is(looked.data.nextRuns.length, 2)
	t.is(new Date(looked.data.previewSchedule[0]).toISOString(), '2026-01-01T18:15:00.000Z')
	t.truthy(operated.data.runSchedule.jobId)
	t.truthy(operated.data.resumeSchedule.nextRunAt)
	t.like(refused.errors[0].extensions, { code: 'invalid_request', field: 'cron' })
})
