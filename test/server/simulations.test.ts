import test from 'ava'
import { registerWorker } from '../support/db.ts'
import { isProblem, type Json, useServer } from './support.ts'

const { db, api } = useServer(test)

test('a simulation says when the backlog would end, and sooner with more workers', async (t) => {
	await api.post('/jobs/batch', {
		jobs: Array.from({ length: 8 }, () => ({
			type: 'sleep',
			payload: { duration: 1 },
			expected_seconds: 10,
			resource_requirements: { cpu_units: 1 },
		})),
	})
	const worker = await registerWorker(db, { types: ['sleep'], cpuUnits: 1 })

	const asIs = await api.post('/simulations')
	const more = (await api.post('/simulations', { extra_workers: 3 })).body
	const larger = (await api.post('/simulations', { worker_id: worker, cpu_units: 8, memory_mb: 1000 })).body

	t.is(asIs.status, 200)
	t.like(asIs.body, { workers: 1, never: 0 })
	t.is(asIs.body.ends_in_seconds, 80)
	t.is(more.ends_in_seconds, 20)
	t.is(larger.ends_in_seconds, 10)
	t.regex(asIs.body.ends_at, /^\d{4}-.*Z$/)
})

test('a simulation of what there is not is refused', async (t) => {
	const bad: [Json, string][] = [
		[{ worker_id: 'x' }, 'worker_id'],
		[{ cpu_units: -1 }, 'cpu_units'],
		[{ memory_mb: 0.5 }, 'memory_mb'],
		[{ extra_workers: 1001 }, 'extra_workers'],
		[{ gpus: 1 }, 'gpus'],
	]

	for (const [body, field] of bad) isProblem(t, await api.post('/simulations', body), 422, 'invalid_request', { field })
	isProblem(t, await api.post('/simulations', { worker_id: '0190a0a0-0000-7000-8000-000000000000' }), 404, 'not_found')
	isProblem(t, await api.get('/simulations'), 405, 'method_not_allowed')
})
