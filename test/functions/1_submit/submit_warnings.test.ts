import test from 'ava'
import { registerTypes, registerWorker, submit, useDb } from '../../support/db.ts'
import { submitEach } from '../../support/stage.ts'

const db = useDb(test)

test('workers that do not serve the job do not count', async (t) => {
	await registerTypes(db, 'served', 'other')
	await registerWorker(db, { types: ['served'], cpuUnits: 4 })
	await registerWorker(db, { types: ['other'], cpuUnits: 64 })
	await registerWorker(db, { types: ['served'], cpuUnits: 64, queues: ['mail'] })
	const asked = { type: 'served', resource_requirements: { cpu_units: 8 } }

	const [elsewhere, mail] = [await submit(db, asked), await submit(db, { ...asked, queue: 'mail' })]

	t.deepEqual([elsewhere.warnings.length, mail.warnings.length], [1, 0])
})

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

test('of a list, those are warned of that are too large', async (t) => {
	await registerTypes(db, 'listed')
	await registerWorker(db, { types: ['listed'], cpuUnits: 4 })
	const asked = [0, 8, 2, 8].map((cpu_units) => ({ type: 'listed', resource_requirements: { cpu_units } }))

	const answers = await submitEach(db.pool, asked)

	t.deepEqual(
		answers.map(({ warnings }) => warnings.length),
		[0, 1, 0, 1],
	)
})
