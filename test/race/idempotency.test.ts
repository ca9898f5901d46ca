import { randomUUID } from 'node:crypto'
import test from 'ava'
import type { Submitted } from '../../db/calls.ts'
import { useDb } from '../support/db.ts'
import { openSessions } from '../support/sessions.ts'
import { makeStage, submitEach } from '../support/stage.ts'

const db = useDb(test)

test('of 50 concurrent callers with the same 20 keys each key makes one job', async (t) => {
	const { type } = await makeStage(db)
	const keys = Array.from({ length: 20 }, () => randomUUID())
	const sessions = await Promise.all(Array.from({ length: 50 }, () => db.client()))

	const answers = await Promise.all(
		sessions.map(async (client, n) => {
			const mine = []
			for (const k of keys.keys()) mine.push(...(await submitEach(client, [{ type, idempotency_key: keys[(k + n) % 20] }])))
			return mine
		}),
	)

	const all = answers.flat()
	t.is(all.length, 1000)
	t.is(new Set(all.map(({ job_id }) => job_id)).size, 20)
	t.is(all.filter(({ created }) => created).length, 20)
	t.is((await db.row('select taskq.count_jobs(type => array[$1]) as n', [type])).n, '20')
})

test('a caller waits for a rival that has its key, and is answered with the rival’s job', async (t) => {
	const { type } = await makeStage(db)
	const request = JSON.stringify([{ type, idempotency_key: randomUUID() }])
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	const [first] = await a!.call<Submitted>('submitEach', [request])
	const second = await b!.waiting<Submitted>('submitEach', [request])
	await a!.query('commit')

	t.like((await second.done)[0], { job_id: first!.job_id, created: false, status: 'ready', error: null })
})

test('when the rival gives up, the one that waited makes the job', async (t) => {
	const { type } = await makeStage(db)
	const request = JSON.stringify([{ type, idempotency_key: randomUUID() }])
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('submitEach', [request])
	const second = await b!.waiting<Submitted>('submitEach', [request])
	await a!.query('rollback')

	t.true((await second.done)[0]!.created)
})

test('batches with the same keys in opposite order do not deadlock', async (t) => {
	const { type, submitOne } = await makeStage(db)
	await submitOne() // makes the lane, which else would let one batch through at a time
	const requests = Array.from({ length: 9 }, () => ({ type, idempotency_key: randomUUID() }))
	const [holder, a, b] = await openSessions(db, 3)

	// with the middle key held, both are under way when it comes free
	await holder!.query('begin')
	await holder!.call('submitEach', [JSON.stringify([requests[4]])])
	const forward = await a!.waiting<Submitted>('submitEach', [JSON.stringify(requests)])
	const backward = await b!.waiting<Submitted>('submitEach', [JSON.stringify([...requests].reverse())])
	await holder!.query('rollback')
	const answers = [...(await forward.done), ...(await backward.done)]

	t.is(answers.filter(({ created }) => created).length, 9)
	t.is(new Set(answers.map(({ job_id }) => job_id)).size, 9)
})

test('new queues and lanes in opposite order do not deadlock', async (t) => {
	const { type } = await makeStage(db)
	const shapes = Array.from({ length: 30 }, (_, n) => ({ type, queue: `q${n % 5}`, resource_requirements: { memory_mb: n } }))
	const sessions = await Promise.all(Array.from({ length: 6 }, () => db.client()))

	const answers = await Promise.all(sessions.map((client, n) => submitEach(client, n % 2 ? shapes : [...shapes].reverse())))

	t.is(answers.flat().filter(({ created }) => created).length, 180)
	t.is((await db.rows('select from taskq_private.lanes where type = $1', [type])).length, 30)
})
