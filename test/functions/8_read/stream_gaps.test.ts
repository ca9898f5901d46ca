import test from 'ava'
import { useDb } from '../../support/db.ts'
import { makeStage } from '../../support/stage.ts'

const db = useDb(test)

const gaps = () =>
	db.row('select last_event_id::int as last, missing, next_xid::bigint >= horizon::bigint as is_sound from taskq.stream_gaps()')

test.serial('what a transaction under way has taken is missing until it has come', async (t) => {
	const stage = await makeStage(db)
	await stage.submitOne()
	const { last } = await gaps()
	const open = await db.client()
	await open.query('begin')
	await open.query('select taskq.submit_job($1)', [stage.type])
	await stage.submitOne()

	const meanwhile = await gaps()
	await open.query('commit')
	const after = await gaps()

	t.deepEqual(meanwhile, { last: last + 2, missing: [String(last + 1)], is_sound: true })
	t.deepEqual(after, { last: last + 2, missing: [], is_sound: true })
})

test.serial('it looks 10,000 events back, and not before the first that is kept', async (t) => {
	const stage = await makeStage(db)
	await stage.submitOne()
	const { last } = await gaps()
	await db.query("select setval('taskq_private.event_ids', $1)", [last + 20_000])
	await stage.submitOne()
	const far = await gaps()
	await db.query('delete from taskq_private.job_events where event_id <= $1', [last])
	const bounded = await gaps()

	t.is(far.missing.length, 9_999)
	t.deepEqual(bounded.missing, [])
})
