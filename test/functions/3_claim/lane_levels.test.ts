import test from 'ava'
import { useDb } from '../../support/db.ts'
import { cpus } from '../../support/resources.ts'
import { jobIds, makeStage } from '../../support/stage.ts'

const db = useDb(test)

const levels = async (worker: string, cpu: number): Promise<{ levels: number[]; has_large: boolean }> =>
	await db.row(
		`select v.levels, v.has_large from taskq_private.workers as w, taskq_private.lane_levels(w, row($2::numeric, 100000, '{}')::taskq_private.capacity) as v where w.worker_id = $1`,
		[worker, cpu],
	)
const spread = [1, 2, 3].flatMap((priority) => [1, 2, 3].map((cpu) => ({ priority, ...cpus(cpu) })))

test.serial('few lanes are looked at together, many level by level, and many of a queue that ages together again', async (t) => {
	const stage = await makeStage(db)
	await stage.submit(...spread.slice(0, 8))
	const seen = [(await levels(stage.worker, 100)).levels]
	await stage.submit(...spread)
	seen.push((await levels(stage.worker, 100)).levels)
	await db.query(`select taskq.set_queue_aging('default', 60)`)
	seen.push((await levels(stage.worker, 100)).levels)
	await db.query(`select taskq.set_queue_aging('default', null)`)

	t.deepEqual(seen, [[0], [1, 2, 3], [0]])
})

test.serial('what is too large for now is told, and not looked at', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 3 })
	await stage.submit(...spread)

	t.deepEqual(await levels(stage.worker, 3), { levels: [1, 2, 3], has_large: false })
	t.deepEqual(await levels(stage.worker, 1), { levels: [0], has_large: true })
	t.deepEqual(await levels(stage.worker, 0.5), { levels: [], has_large: true })
})

test.serial('level by level a claim takes what it would have taken from all lanes at once', async (t) => {
	const stage = await makeStage(db, { cpuUnits: 10 })
	await stage.submit(...[...spread].reverse(), ...spread)

	const taken = await Promise.all(
		jobIds(await stage.claim(6)).map(async (id) =>
			db.row('select priority, cpu_units::float as cpu from taskq.jobs where job_id = $1', [id]),
		),
	)

	// 3 2 1 of the first list and 1 2 of the second leave 1 cpu: the next level's smallest
	t.deepEqual(
		taken.map(({ priority, cpu }) => [priority, cpu]),
		[3, 2, 1, 1, 2].map((cpu) => [1, cpu]).concat([[2, 1]]),
	)
})
