import { randomUUID } from 'node:crypto'
import test from 'ava'
import { type Db, makeDb } from '../../support/db.ts'
import { cpus, needs } from '../../support/resources.ts'
import { makeStage, type Stage, type StageOptions, sqlState } from '../../support/stage.ts'

interface Simulation {
	jobs: number
	never: number
	ends_in_seconds: number
	cpu_utilisation: number | null
	is_scaled: boolean
	workers: number
}

/** A database for each test, since a simulation is over all workers; asked in a transaction that may write nothing. */
const alone = (
	name: string,
	body: (
		t: Parameters<Parameters<typeof test>[1] & ((...args: any[]) => unknown)>[0],
		kit: {
			db: Db
			stage: (options?: StageOptions) => Promise<Stage>
			simulate: (args?: string, values?: unknown[]) => Promise<Simulation>
		},
	) => Promise<void>,
) =>
	test(name, async (t) => {
		const db = await makeDb()
		try {
			const simulate = async (args = '', values: unknown[] = []) => {
				const client = await db.client()
				await client.query('begin read only')
				const { rows } = await client.query(`select taskq.simulate(${args}) as simulation`, values)
				await client.query('rollback')
				return rows[0].simulation
			}
			await body(t, { db, stage: (options) => makeStage(db, options), simulate })
		} finally {
			await db.drop()
		}
	})

const taking = (seconds: number) => ({ expected_seconds: seconds })

alone('without a backlog it ends now', async (t, { stage, simulate }) => {
	await stage()

	t.like(await simulate(), { jobs: 0, never: 0, ends_in_seconds: 0, cpu_utilisation: null, is_scaled: false, workers: 1 })
})

alone(
	'ten jobs of 10 s, four at a time, take three rounds; with twice the cpu two, with a worker more as well',
	async (t, { stage, simulate }) => {
		const { submit, worker } = await stage({ cpuUnits: 4, memoryMb: 1000 })
		await submit(...Array(10).fill({ ...cpus(1), ...taking(10) }))

		const all = [
			await simulate(),
			await simulate('$1, cpu_units => 8', [worker]),
			await simulate('extra_workers => 1'),
			await simulate('$1, cpu_units => 1', [worker]),
			await simulate('cpu_units => 100'),
		]

		t.deepEqual(
			all.map(({ ends_in_seconds, cpu_utilisation, workers }) => [ends_in_seconds, cpu_utilisation, workers]),
			[
				[30, 0.833, 1],
				[20, 0.625, 1],
				[20, 0.625, 2],
				[100, 1, 1],
				[10, 0.1, 1],
			],
		)
	},
)

alone('the number of jobs that a worker runs at a time, and its memory, hold as cpu does', async (t, { db, stage, simulate }) => {
	const one = await stage({ concurrency: 2, memoryMb: 400 })
	await one.submit(...Array(4).fill({ ...needs({ memory_mb: 100 }), ...taking(10) }))
	const seen = [(await simulate()).ends_in_seconds]
	await db.query('update taskq_private.workers set concurrency = 4')
	seen.push((await simulate()).ends_in_seconds, (await simulate('memory_mb => 100')).ends_in_seconds)

	t.deepEqual(seen, [20, 10, 40])
})

alone('decimals of a cpu add up without an error', async (t, { stage, simulate }) => {
	const { submit } = await stage({ cpuUnits: 0.3 })
	await submit(...Array(6).fill({ ...cpus(0.1), ...taking(10) }))

	t.like(await simulate(), { ends_in_seconds: 20, cpu_utilisation: 1 })
})

alone('a large job and small ones share a worker as a claim would have them', async (t, { stage, simulate }) => {
	const { submit } = await stage({ cpuUnits: 4 })
	await submit({ ...cpus(3), ...taking(100), priority: 1 }, ...Array(20).fill({ ...cpus(1), ...taking(10) }))

	// one small job at a time beside the large one, ten till 100 s; the other ten in threes of four: 30 s
	t.like(await simulate(), { jobs: 21, ends_in_seconds: 130 })
})

alone('jobs that fit no worker, or that none serves, are told apart', async (t, { stage, simulate }) => {
	const one = await stage({ cpuUnits: 4, queues: ['a'], resources: { gpu: 1 } })
	await one.submit({ queue: 'a', ...cpus(5) }, { queue: 'b' }, { queue: 'a', ...needs({ gpu: 2 }) }, { queue: 'a', ...taking(7) })

	t.like(await simulate(), { jobs: 4, never: 3, ends_in_seconds: 7 })
	t.like(await simulate('cpu_units => 5'), { never: 2 })
})

alone('what recent jobs took is taken for what jobs will take', async (t, { db, stage, simulate }) => {
	await db.stopClock()
	const one = await stage()
	await one.submit({}, {})
	const held = await one.claim(2)
	await db.moveClock('4 seconds')
	await one.complete(held)
	await one.submit({ ...taking(1000) })

	t.is((await simulate()).ends_in_seconds, 4)
})

alone('what takes too many steps is scaled up and says so', async (t, { stage, simulate }) => {
	const { submit } = await stage({ cpuUnits: 1 })
	await submit(...Array(100).fill({ ...cpus(1), ...taking(10) }))

	t.like(await simulate('max_steps => 50'), { ends_in_seconds: 1000, is_scaled: true })
	t.like(await simulate('max_steps => 1000'), { ends_in_seconds: 1000, is_scaled: false })
})

alone('jobs that are under way at the last step count to their end', async (t, { stage, simulate }) => {
	const { submit } = await stage({ cpuUnits: 3 })
	await submit(
		{ ...cpus(1), ...taking(10), queue: 'a' },
		{ ...cpus(1), ...taking(20), queue: 'b' },
		{ ...cpus(1), ...taking(30), queue: 'c' },
	)

	t.like(await simulate('max_steps => 1'), { ends_in_seconds: 30, is_scaled: false })
})

alone('a worker that is not active is answered TQ404', async (t, { db, stage, simulate }) => {
	const { worker } = await stage()
	await db.query('select taskq.drain_worker($1)', [worker])

	t.is(await sqlState(simulate('$1, cpu_units => 1', [worker])), 'TQ404')
	t.is(await sqlState(simulate('$1', [randomUUID()])), 'TQ404')
})
