import test from 'ava'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { makePool, makeRate, needs, poolOf } from '../../support/resources.ts'
import { jobIds, makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const remove = (pool: string) => call(db.pool, 'deletePool', [pool])
const names = async () => (await db.rows('select pool from taskq.list_pools()')).map(({ pool }) => pool)

test.serial('a pool is made, changed and deleted, each in the audit log', async (t) => {
	const stage = await makeStage(db)
	const pool = await makePool(db, stage, 2.5)
	const seen: unknown[] = [await poolOf(db, pool)]
	await makePool(db, stage, 4)
	seen.push(await poolOf(db, pool))
	await remove(pool)

	t.deepEqual(seen, [
		{ capacity: 2.5, granted: 0, free: 2.5 },
		{ capacity: 4, granted: 0, free: 4 },
	])
	t.false((await names()).includes(pool))
	t.deepEqual(
		(await db.rows('select action from taskq_private.audit_log where target = $1 order by audit_id', [pool])).map(({ action }) => action),
		['set_pool', 'set_pool', 'delete_pool'],
	)
})

test.serial('a pool that could not be is refused', async (t) => {
	const bad: [unknown, unknown][] = [
		['', 1],
		[null, 1],
		['a b', 1],
		['x'.repeat(121), 1],
		['cpu_units', 1],
		['memory_mb', 1],
		['p', -1],
		['p', null],
		['p', 1e9],
	]

	for (const [pool, capacity] of bad)
		t.is(await sqlState(db.query('select taskq.set_pool($1, $2)', [pool, capacity])), 'TQ422', `${pool} ${capacity}`)
	t.is(await sqlState(db.query(`select taskq.set_pool('p', 'NaN')`)), 'TQ422')
	for (const [amount, seconds] of [
		[0, 1],
		[1, 0],
		[-1, 1],
		[null, 1],
		[1, null],
	])
		t.is(await sqlState(db.query(`select taskq.set_rate('p', $1, $2)`, [amount, seconds])), 'TQ422', `${amount} in ${seconds}`)
	t.false((await names()).includes('p'))
})

test.serial('a pool cannot be deleted while a job needs it: ready, waiting or running', async (t) => {
	const stage = await makeStage(db)
	const pool = await makePool(db, stage, 1)
	const parent = await stage.submitOne({ run_at: '2999-01-01T00:00:00Z' })
	const states: string[] = []
	const answers: unknown[] = []
	const look = async (id: string) => {
		states.push(await stage.status(id))
		answers.push(await sqlState(remove(pool)))
	}
	const id = await stage.submitOne({ ...needs({ [pool]: 1 }), depends_on: [parent] })
	await look(id)
	await db.query('select taskq.cancel_job($1)', [id])
	const ready = await stage.submitOne(needs({ [pool]: 1 }))
	await look(ready)
	const claimed = await stage.claim()
	await look(ready)
	await stage.report(claimed, { outcome: 'failed' })
	await look(ready)

	t.deepEqual(states, ['blocked', 'ready', 'running', 'retrying'])
	t.deepEqual(answers, Array(4).fill('TQ409'))
	await db.query('select taskq.cancel_job($1)', [ready])
	await t.notThrowsAsync(remove(pool))
})

test.serial('a pool that is not there is answered TQ404', async (t) => {
	t.is(await sqlState(remove('nothing')), 'TQ404')
})

test.serial('a pool becomes a rate and a pool again', async (t) => {
	const stage = await makeStage(db)
	const pool = await makeRate(db, stage, 1, 60, 2)
	await stage.submit(...Array(6).fill(needs({ [pool]: 1 })))
	const taken = [(await stage.claim(6)).jobs.length]
	await db.query('select taskq.set_pool($1, 3)', [pool])
	taken.push((await stage.claim(6)).jobs.length)
	await makeRate(db, stage, 1, 60, 2)
	taken.push((await stage.claim(6)).jobs.length)

	t.deepEqual(taken, [2, 1, 2])
})

test.serial('a smaller burst takes back what had gathered', async (t) => {
	const stage = await makeStage(db)
	const pool = await makeRate(db, stage, 10, 3600)
	await stage.submit(...Array(9).fill(needs({ [pool]: 1 })))
	await makeRate(db, stage, 10, 3600, 3)

	t.is((await stage.claim(9)).jobs.length, 3)
	t.deepEqual(jobIds(await stage.claim(9)), [])
})
