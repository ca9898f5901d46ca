import test from 'ava'
import { call } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)

const rescue = async () => (await db.row('select taskq_private.rescue_lost_workers() as lost')).lost as number
const workerStatus = async (worker: string) => (await db.row('select status from taskq.workers where worker_id = $1', [worker])).status

test.serial('a worker whose heartbeat is too old is lost, and its jobs go to others, not charged', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const claimed = await stage.claim()
	await db.moveClock('29 seconds')
	const inTime = await rescue()
	await db.moveClock('2 seconds')

	const late = await rescue()

	t.deepEqual([inTime, late, await workerStatus(stage.worker)], [0, 1, 'lost'])
	t.like(await stage.job(id), { status: 'ready', attempt: 1 })
	t.is(await sqlState(stage.complete(claimed)), 'TQ412')
})

test.serial('a heartbeat keeps a worker', async (t) => {
	const stage = await makeStage(db)
	await db.moveClock('29 seconds')
	await call(db.pool, 'heartbeat', [stage.worker, null])
	await db.moveClock('29 seconds')

	t.is(await rescue(), 0)
})

test.serial('how long a silence is bearable is a setting', async (t) => {
	const stage = await makeStage(db)
	await db.query('select taskq.configure(worker_lost_seconds => 5)')
	await db.moveClock('6 seconds')

	const lost = await rescue()
	await db.query('select taskq.configure(worker_lost_seconds => 30)')

	t.is(await workerStatus(stage.worker), 'lost')
	t.true(lost >= 1)
})

test.serial('a worker whose session has closed is lost on the second look', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	await stage.claim()
	const session = await db.client()
	await session.query('select taskq.hold_worker_session($1)', [stage.worker])
	const { pid } = (await session.query('select pg_backend_pid() as pid')).rows[0]
	const alive = [await rescue(), await rescue()]
	await session.end()
	while ((await db.rows('select from pg_stat_activity where pid = $1', [pid])).length);

	const first = await rescue()
	const tooSoon = await rescue()
	await db.moveClock('1 second')
	const second = await rescue()

	t.deepEqual([alive, first, tooSoon, second], [[0, 0], 0, 0, 1])
	t.is(await stage.status(id), 'ready')
})

test.serial('a worker that comes back between two looks is not lost', async (t) => {
	const stage = await makeStage(db)
	const session = await db.client()
	await session.query('select taskq.hold_worker_session($1)', [stage.worker])
	await session.query('select pg_advisory_unlock_all()')
	await rescue()
	await session.query('select taskq.hold_worker_session($1)', [stage.worker])
	await db.moveClock('1 second')

	t.deepEqual([await rescue(), await workerStatus(stage.worker)], [0, 'active'])
})

test.serial('a session that looks itself does not take its own worker for dead', async (t) => {
	const stage = await makeStage(db)
	const session = await db.client()
	await session.query('select taskq.hold_worker_session($1)', [stage.worker])
	await session.query('select taskq_private.rescue_lost_workers()')
	await db.moveClock('1 second')

	const { rows } = await session.query('select taskq_private.rescue_lost_workers() as lost')

	t.deepEqual([rows[0].lost, await workerStatus(stage.worker)], [0, 'active'])
})

test.serial('the third worker that a job takes down is the last', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne({ retry_config: { max_attempts: 1 } })
	const statuses: string[] = []
	for (let crash = 1; crash <= 3; crash++) {
		await stage.claim(1, await stage.addWorker())
		await db.moveClock('31 seconds')
		await rescue()
		statuses.push(await stage.status(id))
	}

	t.deepEqual(statuses, ['ready', 'ready', 'failed'])
	t.is((await stage.job(id)).reason, 'crashed')
})

test.serial('a replay starts the count of crashes anew', async (t) => {
	const stage = await makeStage(db)
	const id = await stage.submitOne()
	const crash = async () => {
		await stage.claim(1, await stage.addWorker())
		await db.moveClock('31 seconds')
		await rescue()
		return stage.status(id)
	}
	for (let n = 0; n < 3; n++) await crash()
	await db.query('select taskq.retry_job($1)', [id])

	const statuses = [await crash(), await crash(), await crash()]

	t.deepEqual(statuses, ['ready', 'ready', 'failed'])
})

test.serial('a draining worker can be lost, one that stopped cannot', async (t) => {
	const stage = await makeStage(db)
	const stopped = await stage.addWorker()
	await db.query('select taskq.drain_worker($1), taskq.stop_worker($2)', [stage.worker, stopped])
	await db.moveClock('31 seconds')
	await rescue()

	t.deepEqual([await workerStatus(stage.worker), await workerStatus(stopped)], ['lost', 'stopped'])
})
