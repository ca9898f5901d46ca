import test from 'ava'
import { useDb } from '../../support/db.ts'
import { fail, submitGraph } from '../../support/graph.ts'
import { makeStage, type Stage } from '../../support/stage.ts'

const db = useDb(test)

const errorOf = async (stage: Stage, id: string) => (await stage.job(id)).error

test('a job that was cancelled for another’s sake says whose, and what it had asked for', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { extract: [], load: ['extract'] })

	await stage.failAll()

	t.deepEqual(await errorOf(stage, ids.load!), {
		message: `job "extract" (${ids.extract}) failed, and this one asks for its success`,
		depends_on: ids.extract,
		condition: 'success',
		culprit: ids.extract,
		culprit_label: `"extract" (${ids.extract})`,
		culprit_status: 'failed',
	})
})

test('far down a chain it names the job that began it, and the one in between that it depends on', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { a: [], b: ['a'], c: ['b'], d: ['c'] })

	await stage.failAll()

	t.like(await errorOf(stage, ids.d!), { depends_on: ids.c, culprit: ids.a, culprit_status: 'failed' })
	t.regex(
		(await errorOf(stage, ids.d!))!.message!,
		new RegExp(`^job "c" \\(${ids.c}\\) was cancelled because job "a" \\(${ids.a}\\) failed$`),
	)
})

test('a job without a name is called by its id', async (t) => {
	const stage = await makeStage(db)
	const parent = await stage.submitOne()
	const child = await stage.submitOne({ depends_on: [parent] })

	await db.query('select taskq.cancel_job($1)', [parent])

	t.like(await errorOf(stage, child), {
		message: `job ${parent} was cancelled, and this one asks for its success`,
		culprit_status: 'cancelled',
	})
})

test('a handler of failures that is not needed says that all went well', async (t) => {
	const stage = await makeStage(db)
	const ids = await submitGraph(db, stage, { work: [], alarm: [{ job: 'work', condition: 'failure' }], after: ['alarm'] })

	await stage.completeAll()

	t.like(await errorOf(stage, ids.alarm!), {
		message: `job "work" (${ids.work}) completed, and this one asks for its failure`,
		culprit: ids.work,
		culprit_status: 'completed',
	})
	t.like(await errorOf(stage, ids.after!), { depends_on: ids.alarm, culprit: ids.work, culprit_status: 'completed' })
})

test('a job that is cancelled at birth says the same', async (t) => {
	const stage = await makeStage(db)
	const parent = await stage.submitOne({ name: 'p' })
	await fail(stage, parent)

	const ids = await submitGraph(db, stage, { a: [parent], b: ['a'] })

	t.like(await errorOf(stage, ids.a!), { depends_on: parent, culprit: parent, culprit_label: `"p" (${parent})`, culprit_status: 'failed' })
	t.like(await errorOf(stage, ids.b!), { depends_on: ids.a, culprit: parent, culprit_status: 'failed' })
})
