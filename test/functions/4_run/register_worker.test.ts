import test from 'ava'
import { useDb } from '../../support/db.ts'
import { sqlState } from '../../support/stage.ts'

const db = useDb(test)

const register = (args: string) => db.row(`select taskq.register_worker(${args}) as id`)

test('a worker is registered with what it says', async (t) => {
	const { id } = await register(`'host', '{a,b}', 1.5, 64, 7, '{mail}'`)

	t.like(await db.row('select * from taskq.workers where worker_id = $1', [id]), {
		...{ name: 'host', types: ['a', 'b'], cpu_units: 1.5, memory_mb: 64, concurrency: 7, queues: ['mail'], status: 'active' },
		...{ running_count: 0, granted_cpu_units: 0, granted_memory_mb: 0, ended_at: null },
	})
})

test('a worker that registers again gets another id', async (t) => {
	t.not((await register(`'host', '{a}', 1, 1`)).id, (await register(`'host', '{a}', 1, 1`)).id)
})

test('a worker that could not be is refused', async (t) => {
	t.is(await sqlState(register(`'host', '{a}', -1, 1`)), '23514')
	t.is(await sqlState(register(`'host', '{a}', 1, -1`)), '23514')
	t.is(await sqlState(register(`'host', '{a}', 1, 1, 0`)), '23514')
	t.is(await sqlState(register(`'host', null, 1, 1`)), '23502')
	t.is(await sqlState(register(`null, '{a}', 1, 1`)), '23502')
})
