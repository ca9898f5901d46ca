import test from 'ava'
import { useDb } from '../../support/db.ts'
import { makeStage, type Stage } from '../../support/stage.ts'

const db = useDb(test)

/** A parent that runs, and a child that depends on it under this condition. */
async function family(stage: Stage, condition: string) {
	const parent = await stage.submitOne()
	const child = await stage.submitOne({ depends_on: [parent] })
	await db.query('update taskq_private.job_dependencies set condition = $2 where job_id = $1', [child, condition])
	return { parent, child }
}

const hold = (child: string) => db.query(`update taskq_private.job_specs set on_dependency_failure = 'hold' where job_id = $1`, [child])

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

test('a child that asks for failure or end of a cancelled child goes by the cascade', async (t) => {
	const stage = await makeStage(db)
	const top = await stage.submitOne()
	const middle = await stage.submitOne({ depends_on: [top] })
	const [cleanup, onFailure] = await stage.submit({ depends_on: [middle] }, { depends_on: [middle] })
	await db.query(`update taskq_private.job_dependencies set condition = 'finished' where job_id = $1`, [cleanup])
	await db.query(`update taskq_private.job_dependencies set condition = 'failure' where job_id = $1`, [onFailure])

	await stage.failAll()

	t.deepEqual(await Promise.all([middle, cleanup!, onFailure!].map(stage.status)), ['cancelled', 'ready', 'cancelled'])
})

test('a child that is to be held stays blocked when its parent fails, and runs after a replay that completes', async (t) => {
	const stage = await makeStage(db)
	const { parent, child } = await family(stage, 'success')
	await hold(child)
	await stage.failAll()
	const held = await stage.status(child)
	await db.query('select taskq.retry_job($1)', [parent])

	await stage.completeAll()

	t.deepEqual([held, await stage.status(child)], ['blocked', 'ready'])
})

test('a held child holds up its own children, and a sibling that is not held is cancelled', async (t) => {
	const stage = await makeStage(db)
	const { parent, child } = await family(stage, 'success')
	await hold(child)
	const grandchild = await stage.submitOne({ depends_on: [child] })
	const sibling = await stage.submitOne({ depends_on: [parent] })

	await stage.failAll()

	t.deepEqual(await Promise.all([child, grandchild, sibling].map(stage.status)), ['blocked', 'blocked', 'cancelled'])
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
