import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import pg from 'pg'
import { makeCluster } from '../faults/cluster.ts'
import { registerTypes } from '../support/db.ts'
import { setSchedule, ticksFired } from '../support/schedules.ts'

const SCHEDULES = 40
const KILLS = 4

test('kill -9 of backends in the middle of a fire: no tick is lost and none comes twice', async (t) => {
	const cluster = await makeCluster(t)
	const { db } = cluster
	await registerTypes(db, 'echo')
	for (let n = 0; n < SCHEDULES; n++) await setSchedule(db, `s-${n}`, { every: '1 second', catch_up: 'all' })
	let isOver = false

	/** Comes back after each crash. */
	async function schedule() {
		while (!isOver) {
			const client = new pg.Client({ connectionString: cluster.url, application_name: 'taskq-scheduler' })
			client.on('error', () => {})
			try {
				await client.connect()
				while (!isOver) await client.query('begin; select taskq_private.fire_schedules(); select pg_sleep(0.05); commit')
			} catch {
				await sleep(50)
			} finally {
				await client.end().catch(() => {})
			}
		}
	}
	const whatever = <T>(statement: Promise<T>) => statement.catch(() => undefined)

	const schedulers = Array.from({ length: 4 }, schedule)
	for (let kills = 0; kills < KILLS; ) {
		await sleep(2)
		// of those that are in a transaction, one that has written: it holds a transaction id
		const [victim] = (await whatever(cluster.backends(`application_name = 'taskq-scheduler' and backend_xid is not null`))) ?? []
		if (!victim) continue
		cluster.killBackend(victim)
		kills++
		await sleep(1500) // so that it is up again, and more is due
	}
	while ((await whatever(cluster.query('select taskq_private.fire_schedules()'))) === undefined) await sleep(50)
	isOver = true
	await Promise.all(schedulers)
	await cluster.query('select taskq_private.fire_schedules()')

	for (let n = 0; n < SCHEDULES; n++) {
		const ticks = (await ticksFired(db, `s-${n}`)).map((tick) => Date.parse(tick))
		const { last_run_at, next_run_at, anchor_at } = await db.row('select * from taskq_private.schedules where name = $1', [`s-${n}`])
		const seconds = (last_run_at.getTime() - anchor_at.getTime()) / 1000
		t.deepEqual(
			ticks,
			Array.from({ length: seconds }, (_, k) => anchor_at.getTime() + (k + 1) * 1000),
			`s-${n}`,
		)
		t.is(next_run_at.getTime() - last_run_at.getTime(), 1000)
	}
	t.is((cluster.log().match(/was terminated by signal 9/g) ?? []).length, KILLS)
	t.deepEqual(await cluster.breaches(), [])
})
