import test from 'ava'
import { until } from '../support/patience.ts'
import { isProblem, useServer } from './support.ts'

const { db, api } = useServer(test)

/** How many rows of the stream submits have written: one a call of submit_each that stored something. */
const storedBatches = async () =>
	Number((await db.row("select count(*) from taskq_private.job_events where event = 'job_submitted'")).count)

test.serial('200 concurrent submits go in a few calls, and the bad one among them is answered alone', async (t) => {
	const requests = Array.from({ length: 200 }, (_, i) => ({ type: 'echo', payload: { i }, ...(i === 100 && { priority: 'urgent' }) }))

	const before = await storedBatches()
	const blocker = await db.client()
	await blocker.query('begin; lock table taskq_private.job_specs in exclusive mode')
	const sent = requests.map((request) => api.post('/jobs', request))
	await until(async () => (await db.row('select count(*) from pg_locks where not granted')).count > 0)
	for (let n = 0; n < 20; n++) await api.get('/livez') // lets the others arrive behind the first, which waits
	await blocker.query('commit')
	const answers = await Promise.all(sent)

	const calls = (await storedBatches()) - before
	t.true(calls <= 10, `${calls} calls`)
	for (const [i, answer] of answers.entries()) {
		if (i === 100) isProblem(t, answer, 422, 'invalid_request', { field: 'priority' })
		else t.like(answer, { status: 201, body: { payload: { i }, created: true } })
	}
	t.is(new Set(answers.map(({ body }) => body.id)).size, 200)
})

test.serial('a value that only the database refuses is answered alone, and the others are stored', async (t) => {
	await db.query(`
		alter table taskq_private.job_specs add constraint check_test check (payload ->> 'refuse' is null)`)
	const requests = Array.from({ length: 100 }, (_, i) => ({ type: 'echo', payload: i === 50 ? { refuse: true } : { i } }))

	const answers = await Promise.all(requests.map((request) => api.post('/jobs', request)))
	await db.query('alter table taskq_private.job_specs drop constraint check_test')

	isProblem(t, answers[50]!, 422, 'invalid_request')
	t.deepEqual(
		answers.flatMap(({ status }, i) => (status === 201 ? [] : [i])),
		[50],
	)
})

test.serial('concurrent submits under one idempotency key make one job', async (t) => {
	const request = { type: 'echo', payload: { once: true }, idempotency_key: 'concurrent' }

	const answers = await Promise.all(Array.from({ length: 50 }, () => api.post('/jobs', request)))

	t.is(new Set(answers.map(({ body }) => body.id)).size, 1)
	t.is(answers.filter(({ status }) => status === 201).length, 1)
	t.is(answers.filter(({ status }) => status === 200).length, 49)
})

test.serial("transactions that stand in each other's way are tried again", async (t) => {
	await db.query(`
		create sequence public.tries;
		grant usage on sequence public.tries to public;
		create function public.fail_twice() returns trigger language plpgsql as $$
		begin
			if nextval('public.tries') <= 2 then
				raise exception 'not serializable' using errcode = '40001';
			end if;
			return null;
		end $$;
		create trigger fail_twice after insert on taskq_private.job_specs execute function public.fail_twice()`)

	const { status } = await api.post('/jobs', { type: 'echo' })
	await db.query('drop trigger fail_twice on taskq_private.job_specs')

	t.is(status, 201)
	t.is(Number((await db.row('select last_value from public.tries')).last_value), 3)
})

test.serial('a submit that waits for another transaction does not hold up the rest', async (t) => {
	const holder = await db.client()
	await holder.query('begin')
	await holder.query(`select taskq.submit_job('echo', idempotency_key => 'held')`)

	const held = api.post('/jobs', { type: 'echo', idempotency_key: 'held' })
	const others = await Promise.all(Array.from({ length: 20 }, (_, n) => api.post('/jobs', { type: 'echo', payload: { n } })))
	await holder.query('rollback')

	t.true(others.every(({ status }) => status === 201))
	t.is((await held).status, 201)
})
