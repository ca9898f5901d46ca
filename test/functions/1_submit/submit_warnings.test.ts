import test from 'ava'
import { registerTypes, registerWorker, submit, useDb } from '../../support/db.ts'

const db = useDb(test)

test('there is a warning only while no live worker is large enough', async (t) => {
	await registerTypes(db, 'echo')
	const large = { resource_requirements: { cpu_units: 8, memory_mb: 100 } }
	const warned = async () => (await submit(db, large)).warnings.length

	const withoutWorkers = await warned()
	await registerWorker(db, { cpuUnits: 4, memoryMb: 1000 })
	const withASmallOne = await warned()
	const worker = await registerWorker(db, { cpuUnits: 8, memoryMb: 100 })
	const withALargeOne = await warned()
	await db.query('select taskq.stop_worker($1)', [worker])
	const afterItStopped = await warned()

	t.deepEqual([withoutWorkers, withASmallOne, withALargeOne, afterItStopped], [0, 1, 0, 1])
})
