/** F23, T13: connections that are dead, of which nobody is told. */

import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { type Db, submit, useDb } from '../../support/db.ts'
import { bePatient } from '../../support/patience.ts'
import { whenStatus } from '../../support/worker.ts'
import { makeCluster } from '../cluster.ts'
import { makeNetns, noNetns } from '../netns.ts'
import { openProxy } from '../proxy.ts'
import { notDoneOnce, spawnServer, spawnWorkerAt, submitSurely, untilAllEnded, within } from './support.ts'

const db = useDb(test)
/** Both sides must be rid of a dead connection within this. */
const LIMIT_SECONDS = 30

test('a worker whose connections are half-open works on over new ones', async (t) => {
	bePatient(t)
	const proxy = await openProxy(t, db.url)
	await spawnWorkerAt(t, proxy.url)
	const { id } = await submit(db, { type: 'quick' })
	await whenStatus(db, id, 'completed')

	const started = performance.now()
	proxy.freeze()
	const { id: next } = await submit(db, { type: 'quick' })
	await within(
		LIMIT_SECONDS,
		'claiming again',
		async () => (await db.row('select status from taskq.jobs where job_id = $1', [next])).status === 'completed',
	)

	t.log(`claimed again after ${((performance.now() - started) / 1000).toFixed(1)} s`)
	t.deepEqual(await notDoneOnce(db, [id, next]), [])
})

test('a server whose connections are half-open answers over new ones', async (t) => {
	bePatient(t)
	await spawnWorkerAt(t, db.url)
	const proxy = await openProxy(t, db.url)
	const server = await spawnServer(t, proxy.url)
	await submitSurely(server.api, { type: 'quick' })

	const started = performance.now()
	proxy.freeze()
	const { id } = await submitSurely(server.api, { type: 'quick' })
	const seconds = (performance.now() - started) / 1000

	t.true(seconds <= 10 * LIMIT_SECONDS, `answered after ${seconds} s; TCP by itself gives up after a quarter of an hour`)
	t.log(`submitted after ${seconds.toFixed(1)} s`)
	await untilAllEnded(db, [id])
})

if (noNetns) console.error(`SKIPPED: what a network that carries nothing does to both sides: ${noNetns}`)
const ifNetns = noNetns ? test.serial.skip : test.serial

ifNetns(
	'when the network carries nothing, the server is rid of the sessions and the jobs run elsewhere; then the worker comes back',
	async (t) => {
		bePatient(t)
		const net = makeNetns()
		t.teardown(() => net.remove())
		const cluster = await makeCluster(t, { settings: { listen_addresses: `127.0.0.1,${net.hostAddress}` } })
		fs.appendFileSync(path.join(cluster.data.dir, 'data/pg_hba.conf'), `host all all ${net.hostAddress}/24 scram-sha-256\n`)
		await cluster.query('select pg_reload_conf()')
		const url = Object.assign(new URL(cluster.url), { hostname: net.hostAddress }).href
		const far = await spawnWorkerAt(t, url, { env: { WORKER_NAME: 'far' }, prefix: net.prefix })
		const { id } = await submit(cluster.db, { type: 'slow', payload: { ms: 3_600_000 } })
		await whenStatus(cluster.db, id, 'running')
		await spawnWorkerAt(t, cluster.url, { env: { WORKER_NAME: 'near' } })
		const farSessions = `client_addr <> '127.0.0.1'`

		const started = performance.now()
		net.blackHole()
		await within(LIMIT_SECONDS + 5, 'the end of the dead sessions', async () => (await cluster.backends(farSessions)).length === 0)
		t.log(`PostgreSQL was rid of the dead sessions after ${((performance.now() - started) / 1000).toFixed(1)} s`)
		await within(LIMIT_SECONDS, 'running elsewhere', () => runsOnAnother(cluster.db, id))
		const healed = performance.now()
		net.heal()
		await within(
			LIMIT_SECONDS,
			'coming back',
			async () => (await cluster.rows(`select from taskq.workers where name = 'far' and status = 'active'`)).length === 1,
		)
		t.log(`the worker was back after ${((performance.now() - healed) / 1000).toFixed(1)} s`)

		t.is(far.exitCode, null)
		t.deepEqual(await cluster.breaches(), [])
	},
)

const runsOnAnother = async (db: Db, id: string): Promise<boolean> =>
	(
		await db.rows(
			`select from taskq.jobs as j join taskq.workers as w using (worker_id) where j.job_id = $1 and j.status = 'running' and w.name = 'near'`,
			[id],
		)
	).length === 1
