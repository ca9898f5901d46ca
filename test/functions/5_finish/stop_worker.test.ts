import { randomUUID } from 'node:crypto'
import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { jobIds, makeStage } from '../../support/stage.ts'

const db = useDb(test)

const stop = async (worker: string) => (await callOne<{ released: number }>(db.pool, 'stopWorker', [worker])).released

test('what a stopping worker holds goes back to the queue, not charged', async (t) => {
	const stage = await makeStage(db)
	const ids = await stage.submit({}, {}, {})
	await stage.claim(1)
	await stage.claim(2)

	const released = await stop(stage.worker)

	t.is(released, 3)
	const next = await stage.claim(5, await stage.addWorker())
	t.deepEqual(jobIds(next).sort(), ids)
	t.true(next.jobs.every(({ attempt }) => attempt === 1))
	t.like(await db.row('select status, running_count from taskq.workers where worker_id = $1', [stage.worker]), {
		status: 'stopped',
		running_count: 0,
	})
})

test('a worker can stop twice, and one that never was has nothing to give back', async (t) => {
	const stage = await makeStage(db)
	await stage.submitOne()
	await stage.claim()

	t.deepEqual([await stop(stage.worker), await stop(stage.worker), await stop(randomUUID())], [1, 0, 0])
})

test('a job that was asked to stop is cancelled and not released', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	await stage.claim()
	await db.query('select taskq.cancel_job($1)', [id])

	await stop(stage.worker)

	t.is(await stage.status(id), 'cancelled')
})

test('the history keeps the attempt that was given back', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	await stage.claim()

	await stop(stage.worker)

	t.like(await db.row('select * from taskq.job_executions where job_id = $1', [id]), {
		attempt: 1,
		outcome: 'released',
		worker_id: stage.worker,
	})
})
