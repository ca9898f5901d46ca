import test from 'ava'
import { registerTypes, useDb } from '../../support/db.ts'
import { cpus, previewOf, reservedFor } from '../../support/resources.ts'
import { jobIds, makeStage, type Stage } from '../../support/stage.ts'

const db = useDb(test)

/** A worker of 4 cpus that runs a job of 2 for 100 s more, and is kept free for a job of 4. */
async function reserved(): Promise<{ stage: Stage; held: Awaited<ReturnType<Stage['claim']>>; large: string }> {
	const stage = await makeStage(db, { cpuUnits: 4, task: { timeout_seconds: 3600 } })
	await stage.submitOne({ ...cpus(2), expected_seconds: 160 })
	const held = await stage.claim()
	const large = await stage.submitOne(cpus(4))
	await db.moveClock('60 seconds')
	await stage.claim()
	if ((await reservedFor(db, stage.worker)) !== large) throw new Error('the large job was expected to have the worker')
	return { stage, held, large }
}

test.serial('a job that will have ended before the large job can start goes first', async (t) => {
	const { stage } = await reserved()
	const [, short] = await stage.submit({ ...cpus(1), expected_seconds: 110 }, { ...cpus(1), expected_seconds: 90 })

	const preview = await previewOf(db, stage.worker)
	const claimed = jobIds(await stage.claim(5))

	t.deepEqual([preview, claimed], [[short], [short]])
})

test.serial('it is found deep in its lane', async (t) => {
	const { stage } = await reserved()
	await stage.submit(...Array(200).fill({ ...cpus(1), expected_seconds: 500 }))
	const deep = await stage.submitOne({ ...cpus(1), expected_seconds: 20 })

	t.deepEqual(jobIds(await stage.claim(5)), [deep])
})

test.serial('two that go first must fit together', async (t) => {
	const { stage } = await reserved()
	const ids = await stage.submit(...Array(3).fill({ ...cpus(1), expected_seconds: 20 }))

	t.deepEqual(jobIds(await stage.claim(5)), ids.slice(0, 2))
})

test.serial('what a type’s recent jobs took is expected of one that says nothing, else its timeout', async (t) => {
	const { stage } = await reserved()
	const id = await stage.submitOne(cpus(1))
	const before = jobIds(await stage.claim(5))
	await db.query('update taskq_private.task_types set p95_seconds = 50 where type = $1', [stage.type])
	const { seconds } = await db.row('select taskq_private.expected_seconds($1) as seconds', [id])

	t.deepEqual([before, seconds, jobIds(await stage.claim(5))], [[], 50, [id]])
	await registerTypes(db, { type: stage.type, timeout_seconds: 7 })
	t.is((await db.row('select taskq_private.expected_seconds($1) as seconds', [id])).seconds, 50, 'a new registration forgets nothing')
})

test.serial('while a running job overruns, nothing new is let in for its sake', async (t) => {
	const { stage, held, large } = await reserved()
	await db.moveClock('200 seconds')
	await stage.submit({ ...cpus(1), expected_seconds: 1 })

	const during = jobIds(await stage.claim(5))
	await stage.complete(held)

	t.deepEqual([during, jobIds(await stage.claim(1))], [[], [large]])
})

test.serial('with several running, the large job starts when enough of them have ended, and what is left then may be taken', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 4, task: { timeout_seconds: 3600 } })
	await stage.submit({ ...cpus(1), expected_seconds: 1000 }, { ...cpus(1.5), expected_seconds: 100 })
	await stage.claim(2)
	const large = await stage.submitOne(cpus(2.5))
	await db.moveClock('60 seconds')
	await stage.claim()
	// it can start in 40 s, and half a cpu is left beside it then
	const [, early, beside] = await stage.submit(
		{ ...cpus(0.75), expected_seconds: 100 },
		{ ...cpus(0.75), expected_seconds: 30 },
		{ ...cpus(0.5), expected_seconds: 3000 },
		{ ...cpus(0.125), expected_seconds: 3000 },
	)

	t.is(await reservedFor(db, stage.worker), large)
	t.deepEqual(jobIds(await stage.claim(5)), [early, beside])
})
