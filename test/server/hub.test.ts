import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { makeLog } from '../../db/log.ts'
import { Database } from '../../server/database.ts'
import { Hub } from '../../server/stream/hub.ts'
import type { Subscriber } from '../../server/stream/subscribers.ts'
import { registerTypes, submit, useDb } from '../support/db.ts'
import { until } from '../support/patience.ts'

const db = useDb(test)

const LINGER_MS = 50

function makeHub(t: ExecutionContext): Hub {
	const log = makeLog('silent')
	const database = new Database({ connectionString: db.url, log })
	const hub = new Hub({ database, connectionString: db.url, log, lingerMs: LINGER_MS })
	t.teardown(() => hub.stop().then(() => database.end()))
	return hub
}

/** Notes the jobs that it is told of. */
function listen(hub: Hub): Subscriber & { told: Set<string> } {
	const told = new Set<string>()
	const subscriber = {
		told,
		deliver: ({ job }: { job: { id: string } | null }) => told.add(job!.id).size,
		resync() {},
		isWorthWaiting: () => false,
	}
	hub.add(subscriber)
	return subscriber
}

const submitOne = async () => (await submit(db, { type: 'hub' })).id

test('whoever listens is told for as long as they do, though nobody else comes', async (t) => {
	await registerTypes(db, 'hub')
	const hub = makeHub(t)
	await hub.start()
	const { told } = listen(hub)

	await sleep(10 * LINGER_MS)
	const id = await submitOne()

	await until(() => told.has(id))
	t.is(hub.check().clients, 1)
})

test('a hub that has rested is started again, and tells what happens from then on', async (t) => {
	await registerTypes(db, 'hub')
	const hub = makeHub(t)
	await hub.start()
	hub.remove(listen(hub))
	await until(() => {
		try {
			return hub.position < 0
		} catch {
			return true // it has no position while it rests
		}
	})

	await hub.start()
	const { told } = listen(hub)
	const id = await submitOne()

	await until(() => told.has(id))
	t.is(hub.check().status, 'ok')
})
