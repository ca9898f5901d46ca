/** T9: the synchronous standby is gone. Submits wait; what is not on two servers is not acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { registerTypes, submit } from '../../support/db.ts'
import { bePatient, until } from '../../support/patience.ts'
import { failOver, makePair, missing } from './pair.ts'
import { spawnServer, spawnWorkerAt, submitSurely, untilAllEnded } from './support.ts'

test.serial('while the synchronous standby is away submits wait, and they are answered when it is back', async (t) => {
	bePatient(t)
	const pair = await makePair(t, true)
	const { primary, standby, link } = pair
	const server = await spawnServer(t, pair.proxy.url)
	await spawnWorkerAt(t, pair.proxy.url)
	const before = await submitSurely(server.api, { type: 'quick' })
	await untilAllEnded(primary.db, [before.id])

	await link.close()
	let answered = 0
	const waiting = Array.from({ length: 3 }, () => submitSurely(server.api, { type: 'quick' }).finally(() => answered++))
	await until(async () => (await primary.backends(`wait_event = 'SyncRep'`)).length > 0)
	const live = await server.api.get('/livez')
	await sleep(3_000) // longer than any pause of the standby's own
	t.is(answered, 0, 'nothing is acknowledged that only one server has')
	await link.open()
	const ids = (await Promise.all(waiting)).map(({ id }) => id)

	t.is(live.status, 200)
	t.is(await missing(standby, ids), 0)
	await untilAllEnded(primary.db, ids)
	t.deepEqual(await primary.breaches(), [])
})

test.serial('if the primary dies while they wait, the standby lacks them, and none had been acknowledged', async (t) => {
	bePatient(t)
	const pair = await makePair(t, true)
	const { primary, standby, link } = pair
	await registerTypes(primary.db, 'quick')
	const { id } = await submit(primary.db, { type: 'quick' })
	await until(async () => (await missing(standby, [id])) === 0)

	link.halfOpen = true
	const waiting = Array.from({ length: 5 }, () =>
		submit(primary.db, { type: 'quick' }).then(
			({ id }) => id,
			() => undefined,
		),
	)
	// a commit that notifies keeps others that notify waiting for it
	await until(
		async () => (await primary.backends(`query ~ 'submit_each' and state = 'active' and wait_event in ('SyncRep', 'object')`)).length === 5,
	)
	await failOver(pair)

	const acknowledged = (await Promise.all(waiting)).filter((id) => id !== undefined)
	t.deepEqual(acknowledged, [])
	t.is((await standby.rows('select from taskq.jobs')).length, 1)
	t.is(await missing(standby, [id]), 0)
	t.deepEqual(await standby.breaches(), [])
})
