import test from 'ava'
import { submit, useDb } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { anyTask, spawnWorker, startWorker, whenStatus } from '../support/worker.ts'

const db = useDb(test)

const workerRow = (id: string) => db.row('select * from taskq.workers where worker_id = $1', [id])

test('a worker registers what else it has, and jobs take of it what their type says', async (t) => {
	let running = 0
	let most = 0
	const task = anyTask(
		'on-gpu',
		async () => {
			most = Math.max(most, ++running)
			await new Promise((resolve) => setTimeout(resolve, 50))
			running--
		},
		{ resources: { gpu: 1 } },
	)
	const worker = await startWorker(t, db, [task], { resources: { gpu: 2 }, concurrency: 8 })
	const jobs = await Promise.all(Array.from({ length: 6 }, () => submit(db, { type: 'on-gpu' })))

	for (const { id } of jobs) await whenStatus(db, id, 'completed')

	t.is(most, 2)
	t.deepEqual((await workerRow(worker.id)).resources, { gpu: 2 })
	const { resources } = await db.row("select resources from taskq_private.task_types where type = 'on-gpu'")
	t.deepEqual(resources, { gpu: 1 })
})

test('a worker reports at once what its machine really uses', async (t) => {
	const worker = await startWorker(t, db, [anyTask('idle', () => null)])

	const { load } = await until(async () => {
		const row = await workerRow(worker.id)
		return row.load && row
	})

	t.deepEqual(Object.keys(load).toSorted(), [
		...['cpu_share', 'cpu_units', 'heap_mb', 'load_average', 'memory_mb', 'memory_share', 'rss_mb'],
	])
	t.true(load.memory_mb > 0)
})

test('what a worker process has is set by its environment', async (t) => {
	spawnWorker(t, db, { MAX_RESOURCES: 'gpu=2,license=0.5', MAX_CPU_UNITS: '1.5', WORKER_NAME: 'by environment' })

	const row = await until(() => db.row("select * from taskq.workers where name = 'by environment'"))

	t.like(row, { resources: { gpu: 2, license: 0.5 }, cpu_units: 1.5 })
})

test('a worker with resources that cannot be does not start', async (t) => {
	await t.throwsAsync(startWorker(t, db, [anyTask('never', () => null)], { resources: { cpu_units: 1 } }), { code: 'TQ422' })
})
