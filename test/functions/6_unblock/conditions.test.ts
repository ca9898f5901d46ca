import test from 'ava'
import { useDb } from '../../support/db.ts'
import { complete, fail, statusesOf, submitGraph } from '../../support/graph.ts'
import { jobIn, makeStage, type Stage } from '../../support/stage.ts'

const db = useDb(test)

/** A parent that is ready, and a child that depends on it under this condition. */
async function family(stage: Stage, condition: string, on_dependency_failure = 'cancel') {
	const parent = await stage.submitOne()
	const child = await stage.submitOne({ depends_on: [{ job: parent, condition }], on_dependency_failure })
	return { parent, child }
}

const rules: [condition: string, end: string, child: string][] = [
	['success', 'completed', 'ready'],
	['success', 'failed', 'cancelled'],
	['success', 'cancelled', 'cancelled'],
	['failure', 'completed', 'cancelled'],
	['failure', 'failed', 'ready'],
	['failure', 'cancelled', 'cancelled'],
	['finished', 'completed', 'ready'],
	['finished', 'failed', 'ready'],
	['finished', 'cancelled', 'ready'],
]

for (const [condition, end, expected] of rules) {
	test(`a child that asks for ${condition} of a parent that is ${end} is ${expected}`, async (t) => {
		const stage = await makeStage(db)
		const { child } = await family(stage, condition)

		await stage.report(await stage.claim(), { outcome: end as 'completed', fatal: true })

		t.is(await stage.status(child), expected)
	})
}

for (const [condition, end, expected] of rules) {
	test(`a child that asks for ${condition} of a parent that is already ${end} is ${expected}, or held`, async (t) => {
		const stage = await makeStage(db)
		const depends_on = [{ job: await jobIn(stage, end), condition }]

		const [child, held] = await stage.submit({ depends_on }, { depends_on, on_dependency_failure: 'hold' })

		// what has completed is not replayed, so there is nothing to hold out for
		const isHeld = expected === 'cancelled' && end !== 'completed'
		t.deepEqual([await stage.status(child!), await stage.status(held!)], [expected, isHeld ? 'blocked' : expected])
	})
}

test('a child that asks for failure or end of a cancelled child goes by the cascade', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, {
		top: [],
		middle: ['top'],
		cleanup: [{ job: 'middle', condition: 'finished' }],
		onFailure: [{ job: 'middle', condition: 'failure' }],
	})

	await stage.failAll()

	t.deepEqual(await statusesOf(stage, ids), { top: 'failed', middle: 'cancelled', cleanup: 'ready', onFailure: 'cancelled' })
})

test('a child with edges of all conditions waits for each of them', async (t) => {
	const stage = await makeStage(db)
	const [good, bad, any, last] = await stage.submit({}, {}, {}, {})
	const depends_on = [good, { job: bad, condition: 'failure' }, { job: any, condition: 'finished' }, { job: last, condition: 'success' }]
	const child = await stage.submitOne({ depends_on })

	await fail(stage, bad!, any!)
	await complete(stage, good!)
	const before = await stage.job(child)
	await complete(stage, last!)

	t.like(before, { status: 'blocked', remaining_dependencies: 1 })
	t.is(await stage.status(child), 'ready')
})

test('a parent that fails an attempt and is retried has not failed', async (t) => {
	const stage = await makeStage(db)
	const { child } = await family(stage, 'failure')

	await stage.report(await stage.claim(), { outcome: 'failed' })

	t.is(await stage.status(child), 'blocked')
})

for (const state of ['ready', 'running']) {
	test(`a child that asks for failure of a ${state} parent that someone cancels is cancelled, one that asks for its end is ready`, async (t) => {
		const stage = await makeStage(db)
		const { parent, child } = await family(stage, 'failure')
		const cleanup = await stage.submitOne({ depends_on: [{ job: parent, condition: 'finished' }] })
		const claimed = state === 'running' ? await stage.claim() : null

		await db.query('select taskq.cancel_job($1)', [parent])
		if (claimed) await stage.report(claimed, { outcome: 'failed' })

		t.deepEqual(await Promise.all([parent, child, cleanup].map(stage.status)), ['cancelled', 'cancelled', 'ready'])
	})
}

test('a child that is to be held stays blocked when its parent fails, and runs after a replay that completes', async (t) => {
	const stage = await makeStage(db)
	const { parent, child } = await family(stage, 'success', 'hold')
	await stage.failAll()
	const held = await stage.status(child)
	await db.query('select taskq.retry_job($1)', [parent])

	await stage.completeAll()

	t.deepEqual([held, await stage.status(child)], ['blocked', 'ready'])
})

test('an alarm is not held when all went well: what has completed is not replayed', async (t) => {
	const stage = await makeStage(db)
	const { child } = await family(stage, 'failure', 'hold')

	await stage.completeAll()

	t.like(await stage.job(child), { status: 'cancelled', reason: 'dependency' })
})

test('a held child holds up its own children, and a sibling that is not held is cancelled', async (t) => {
	const stage = await makeStage(db)
	const { parent, child } = await family(stage, 'success', 'hold')
	const grandchild = await stage.submitOne({ depends_on: [child] })
	const sibling = await stage.submitOne({ depends_on: [parent] })

	await stage.failAll()

	t.deepEqual(await Promise.all([child, grandchild, sibling].map(stage.status)), ['blocked', 'blocked', 'cancelled'])
})

test('a held child that someone cancels takes its own children with it', async (t) => {
	const stage = await makeStage(db)
	const { child } = await family(stage, 'success', 'hold')
	const grandchild = await stage.submitOne({ depends_on: [child] })
	await stage.failAll()

	await db.query('select taskq.cancel_job($1)', [child])

	t.deepEqual(await Promise.all([child, grandchild].map(async (id) => (await stage.job(id)).reason)), ['requested', 'dependency'])
})

test('a retrying job that came to be blocked is retrying again when let go before it is due', async (t) => {
	const stage = await makeStage(db, { task: { initial_delay_seconds: 3600 } })
	const id = await stage.submitOne()
	await stage.report(await stage.claim(), { outcome: 'failed' })
	const parent = await stage.submitOne()
	await db.query('select taskq.add_dependency($1, $2)', [id, parent])
	const blocked = await stage.status(id)

	await stage.completeAll()

	t.is(blocked, 'blocked')
	t.like(await stage.job(id), { status: 'retrying', attempt: 2 })
})
