import test from 'ava'
import { useDb } from '../../support/db.ts'
import { explain, makePool, needs } from '../../support/resources.ts'
import { jobIds, makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const limit = async (args: string, values: unknown[] = []) => (await db.row(`select taskq.set_limit(${args}) as pool`, values)).pool

test.serial('a limit of a type holds over all workers and queues, until it is taken back', async (t) => {
	const stage = await makeStage(db)
	const other = await stage.addWorker()
	await limit('type => $1, max_running => 2', [stage.type])
	await stage.submit({ queue: 'a' }, { queue: 'b' }, { queue: 'a' }, { queue: 'c' })

	const taken = [(await stage.claim(1)).jobs.length, (await stage.claim(5, other)).jobs.length, (await stage.claim(5)).jobs.length]
	await limit('type => $1', [stage.type])
	taken.push((await stage.claim(5)).jobs.length)

	t.deepEqual(taken, [1, 1, 0, 2])
})

test.serial('a limit of a queue holds over all types', async (t) => {
	const [one, two] = [await makeStage(db), await makeStage(db)]
	await limit(`queue => 'narrow', max_running => 1`)
	await one.submitOne({ queue: 'narrow' })
	await two.submitOne({ queue: 'narrow' })

	const held = await one.claim()
	const during = await two.claim()
	await one.complete(held)

	t.deepEqual([held.jobs.length, during.jobs.length, (await two.claim()).jobs.length], [1, 0, 1])
})

test.serial('limits of a queue and of a type hold at once, with a named pool', async (t) => {
	const stage = await makeStage(db)
	const pool = await makePool(db, stage, 1)
	const queue = stage.type
	await limit('type => $1, max_running => 3', [stage.type])
	await limit('queue => $1, max_running => 2', [queue])
	const ids = await stage.submit(
		{ queue, ...needs({ [pool]: 1 }) },
		{ queue, ...needs({ [pool]: 1 }) },
		{ queue },
		{ queue },
		needs({ [pool]: 1 }),
		{},
		{},
	)

	const claimed = jobIds(await stage.claim(10))

	t.deepEqual(claimed, [ids[0], ids[2], ids[5]])
})

test.serial('a limit of zero lets nothing go', async (t) => {
	const stage = await makeStage(db)
	await limit('type => $1, max_running => 0', [stage.type])
	const id = await stage.submitOne()

	t.deepEqual((await stage.claim()).jobs, [])
	t.deepEqual(
		(await explain(db, id)).map(({ code, details }) => [code, details.pool]),
		[['larger_than_pool', `type:${stage.type}`]],
	)
})

test.serial('jobs that run when a limit is set count under it', async (t) => {
	const stage = await makeStage(db)
	await stage.submit({}, {}, {})
	await stage.claim(2)
	await limit('type => $1, max_running => 2', [stage.type])

	t.deepEqual((await stage.claim()).jobs, [])
})

test.serial('pools and rates of their own cannot have the names of limits', async (t) => {
	const stage = await makeStage(db)
	const pool = await limit('type => $1, max_running => 1', [stage.type])

	for (const name of [pool, 'queue:mail', `rate:${pool}`]) {
		t.is(await sqlState(db.query('select taskq.set_pool($1, 9)', [name])), 'TQ422', name)
		t.is(await sqlState(db.query('select taskq.set_rate($1, 9, 1)', [name])), 'TQ422', name)
	}
	await stage.submit({}, {})
	t.is((await stage.claim(5)).jobs.length, 1)
})

test.serial('a limit that is set again allows as much as it says now, and stays a limit', async (t) => {
	const stage = await makeStage(db)
	await limit('type => $1, max_running => 1', [stage.type])
	await limit('type => $1, max_running => 2', [stage.type])
	await stage.submit({}, {}, {})

	t.is((await stage.claim(5)).jobs.length, 2)
})

test.serial('a limit for nothing, for both, of a bad name or of a bad number is refused', async (t) => {
	for (const bad of [
		'max_running => 1',
		`queue => 'a', type => 'b', max_running => 1`,
		`queue => 'a b', max_running => 1`,
		`type => '', max_running => 1`,
		`type => 'a', max_running => -1`,
	])
		t.is(await sqlState(limit(bad)), 'TQ422', bad)
	t.is(await sqlState(limit(`type => 'never-limited'`)), 'TQ404')
})
