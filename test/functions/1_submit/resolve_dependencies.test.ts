import test from 'ava'
import { useDb } from '../../support/db.ts'
import { jobIn, makeStage } from '../../support/stage.ts'

const db = useDb(test)

for (const state of ['ready', 'running', 'pending', 'blocked', 'retrying']) {
	test(`a job that depends on one that is ${state} is blocked`, async (t) => {
		const stage = await makeStage(db)
		const parent = await jobIn(stage, state)

		const child = await stage.submitOne({ depends_on: [parent] })

		t.is(await stage.status(parent), state)
		t.like(await stage.job(child), { status: 'blocked', remaining_dependencies: 1, depends_on: [parent] })
	})
}

test('a job that depends on completed ones is ready', async (t) => {
	const stage = await makeStage(db)
	const parents = [await jobIn(stage, 'completed'), await jobIn(stage, 'completed')]

	const child = await stage.submitOne({ depends_on: parents })

	t.is(await stage.status(child), 'ready')
})

test('a completed dependency does not count, an unfinished one does', async (t) => {
	const stage = await makeStage(db)
	const completed = await jobIn(stage, 'completed')
	const pending = await jobIn(stage, 'pending')

	const child = await stage.submitOne({ depends_on: [completed, pending] })

	t.like(await stage.job(child), { status: 'blocked', remaining_dependencies: 1 })
})

for (const state of ['failed', 'cancelled']) {
	test(`a job that depends on one that is ${state} is cancelled at birth, reason dependency`, async (t) => {
		const stage = await makeStage(db)
		const parent = await jobIn(stage, state)

		const child = await stage.submitOne({ depends_on: [parent, await jobIn(stage, 'pending')] })

		t.like(await stage.job(child), { status: 'cancelled', reason: 'dependency', started_at: null })
		t.is((await stage.job(child)).error?.depends_on, parent)
	})
}

test('a dependency that is named twice counts once', async (t) => {
	const stage = await makeStage(db)
	const parent = await jobIn(stage, 'pending')

	const child = await stage.submitOne({ depends_on: [parent, parent.toUpperCase(), parent] })

	t.like(await stage.job(child), { remaining_dependencies: 1, depends_on: [parent] })
})

test('a job with satisfied dependencies and a run_at in the future is pending', async (t) => {
	const stage = await makeStage(db)

	const child = await stage.submitOne({ depends_on: [await jobIn(stage, 'completed')], run_at: '2999-01-01T00:00:00Z' })

	t.is(await stage.status(child), 'pending')
})

test('a job that is blocked and has a run_at in the future is blocked, and remembers when it is due', async (t) => {
	const stage = await makeStage(db)

	const child = await stage.submitOne({ depends_on: [await jobIn(stage, 'ready')], run_at: '2999-01-01T00:00:00Z' })

	t.like(await stage.job(child), { status: 'blocked', due_at: '2999-01-01T00:00:00+00:00' })
})

test('10,000 dependencies of one job are counted', async (t) => {
	const stage = await makeStage(db)
	const parents = await stage.submit(...Array(10_000).fill({}))

	const child = await stage.submitOne({ depends_on: parents })

	t.is((await stage.job(child)).remaining_dependencies, 10_000)
})
