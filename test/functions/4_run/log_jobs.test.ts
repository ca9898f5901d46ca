import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { claim, useDb } from '../../support/db.ts'
import { makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const log = async (entries: unknown) => (await callOne<{ rejected: string[] }>(db.pool, 'logJobs', [JSON.stringify(entries)])).rejected
const linesOf = (id: string) => db.rows('select level, message, data, attempt from taskq.job_logs where job_id = $1 order by log_id', [id])

test('lines of a running job are kept in their order', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()
	const line = { claim_id, job_id: id }

	const rejected = await log([
		{ ...line, level: 'warn', message: 'first', data: { a: 1 } },
		{ ...line, message: 'second' },
		{ ...line, level: 'debug' },
	])

	t.deepEqual(rejected, [])
	t.deepEqual(await linesOf(id), [
		{ level: 'warn', message: 'first', data: { a: 1 }, attempt: 1 },
		{ level: 'info', message: 'second', data: null, attempt: 1 },
		{ level: 'debug', message: '', data: null, attempt: 1 },
	])
})

test('a line is dated by its age and the clock of the database', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()

	await log([{ claim_id, job_id: id, message: 'old', age_seconds: 60 }])

	const { age } = await db.row(
		'select extract(epoch from taskq_private.clock() - at)::float8 as age from taskq.job_logs where job_id = $1',
		[id],
	)
	t.true(age >= 60 && age < 70)
})

test('a line whose claim was lost is not written, and harms no other', async (t) => {
	const stage = await makeStage(db)
	const [kept, ended, foreign] = await stage.submit({}, {}, {})
	const held = await stage.claim(2)
	const other = await stage.claim()
	await stage.complete(held, [ended!])

	const rejected = await log([
		{ claim_id: held.claim_id, job_id: ended, message: 'too late' },
		{ claim_id: held.claim_id, job_id: kept, message: 'in time' },
		{ claim_id: held.claim_id, job_id: foreign, message: 'of another claim' },
		{ claim_id: null, job_id: foreign, message: 'of none' },
	])

	t.deepEqual(rejected.sort(), [ended, foreign].sort() as string[])
	t.is((await linesOf(kept!)).length, 1)
	t.deepEqual([...(await linesOf(ended!)), ...(await linesOf(foreign!))], [])
	t.truthy(other.claim_id)
})

test('a line of more than 64 Ki characters is cut', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()

	await log([{ claim_id, job_id: id, message: 'x'.repeat(70_000) }])

	t.is((await linesOf(id))[0]!.message.length, 65_536)
})

test('lines can come with the outcome, and one without a message does not lose it', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()
	const logs = [{ level: 'error', message: 'last words', age_seconds: 0 }, { level: 'info' }]

	await claim(db, stage.worker, 0, [{ claim_id: claim_id!, job_id: id, outcome: 'completed', logs: logs as never }])

	t.is(await stage.status(id), 'completed')
	t.deepEqual(
		(await linesOf(id)).map(({ message }) => message),
		['last words', ''],
	)
})

test('lines go into the stream', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()

	await log([{ claim_id, job_id: id, message: 'hello' }])

	const event = await db.row(`select * from taskq_private.job_events where event = 'job_log' and job_ids = array[$1::uuid]`, [id])
	t.like(event.data[0], { level: 'info', message: 'hello' })
})

test('no lines are no trouble, a level that is none is refused', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const { claim_id } = await stage.claim()

	t.deepEqual(await log([]), [])
	t.is(await sqlState(log([{ claim_id, job_id: id, level: 'loud', message: 'x' }])), '22P02')
})
