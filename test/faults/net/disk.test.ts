/** T14: the disk is full, of the data or of the WAL. */
import test, { type ExecutionContext } from 'ava'
import type { Client } from '../../server/support.ts'
import { bePatient, until } from '../../support/patience.ts'
import { type Cluster, makeCluster } from '../cluster.ts'
import { noMounts } from '../volume.ts'
import { notDoneOnce, type Process, spawnServer, spawnWorkerAt, submitSurely, timed, untilAllEnded, within } from './support.ts'

if (noMounts) console.error(`SKIPPED: what a full disk does: ${noMounts}`)
const ifMounts = noMounts ? test.serial.skip : test.serial

const settings = { wal_keep_size: 0, max_wal_size: '48MB', min_wal_size: '32MB', autovacuum: 'off' }
/** Not compressible, so that it takes the space that it is long. */
const bulk = () => ({ type: 'quick', payload: { text: Array.from({ length: 4000 }, () => Math.random().toString(36).slice(2)).join('') } })

async function startAll(t: ExecutionContext, cluster: Cluster): Promise<{ api: Client; processes: Process[] }> {
	const server = await spawnServer(t, cluster.url)
	const worker = await spawnWorkerAt(t, cluster.url)
	return { api: server.api, processes: [server, worker] }
}

ifMounts('when the disk of the data is full a caller is told so, reads go on, and all recovers when there is space', async (t) => {
	bePatient(t)
	const cluster = await makeCluster(t, { settings, dataMb: 160, walMb: 128 })
	const { api, processes } = await startAll(t, cluster)
	const before = await submitSurely(api, { type: 'quick' })
	await untilAllEnded(cluster.db, [before.id])

	cluster.data.fill()
	const ids: string[] = []
	const refused = await until(async () => {
		const answer = await api.post('/jobs', bulk())
		if (answer.status === 201) ids.push(answer.body.id)
		return answer.status !== 201 && answer
	})
	const read = await api.get(`/jobs/${before.id}`)
	cluster.data.free()
	const back = await timed(() => within(10, 'a submit after there was space', async () => (await api.post('/jobs', bulk())).status === 201))
	await within(30, 'the end of what was accepted', async () => (await notDoneOnce(cluster.db, ids)).length === 0)

	t.is(refused.status, 507, JSON.stringify(refused.body))
	t.like(refused.body, { code: 'database_full', sqlstate: '53100' })
	t.regex(refused.body.hint, /space/)
	t.is(read.status, 200)
	t.deepEqual(await cluster.breaches(), [])
	t.deepEqual(
		processes.map(({ exitCode }) => exitCode),
		[null, null],
	)
	t.log(`${ids.length} jobs accepted while it filled up; a submit was taken ${Math.round(back.ms)} ms after there was space`)
})

ifMounts(
	'when the disk of the WAL is full PostgreSQL ends; with space and a start all that was accepted is there, and everyone comes back',
	async (t) => {
		bePatient(t)
		const cluster = await makeCluster(t, { settings, dataMb: 400, walMb: 128 })
		const { api, processes } = await startAll(t, cluster)
		const accepted = [(await submitSurely(api, { type: 'quick' })).id]

		cluster.wal!.fill()
		await until(async () => {
			const answer = await api.post('/jobs', bulk())
			if (answer.status === 201) accepted.push(answer.body.id)
			else t.true(answer.status === 503 || answer.status === 507, String(answer.status))
			return !cluster.isUp()
		})
		const down = await api.post('/jobs', { type: 'quick' })
		cluster.wal!.free()
		await cluster.start()
		const back = await timed(() =>
			within(10, 'a submit after the start', async () => (await api.post('/jobs', { type: 'quick' })).status === 201),
		)
		await within(60, 'the end of what was accepted', async () => (await notDoneOnce(cluster.db, accepted)).length === 0)

		t.is(down.status, 503)
		t.regex(cluster.log(), /PANIC/)
		t.deepEqual(await cluster.breaches(), [])
		t.deepEqual(
			processes.map(({ exitCode }) => exitCode),
			[null, null],
		)
		t.log(`${accepted.length} accepted, none lost; a submit was taken ${Math.round(back.ms)} ms after the start`)
	},
)
