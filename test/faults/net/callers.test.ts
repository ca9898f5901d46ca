/** Many callers over few sessions, directly and through pgbouncer: each statement acts as its own caller, whatever becomes of the others. */
import net from 'node:net'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { pino } from 'pino'
import { queryInRole } from '../../../db/in-role.ts'
import { type Caller, Database } from '../../../server/database.ts'
import { bePatient, until } from '../../support/patience.ts'
import { type Cluster, makeCluster } from '../cluster.ts'
import { makePgbouncer, noPgbouncer } from '../pgbouncer.ts'
import { Frames } from '../wire.ts'

const log = pino({ level: 'silent' })
const LOGIN = 'callers_app'
const TOLD = `select current_user as role, current_setting('taskq.door', true) as door, current_setting('taskq.caller', true) as caller,
	current_setting('taskq.key_id', true) as key, coalesce(current_setting('taskq.queues', true), '') as queues,
	current_setting('statement_timeout') as timeout, $1::integer as n`
/** Rounds of each caller; more to look longer. */
const ROUNDS = Number(process.env.FAULT_ROUNDS ?? 40)
/** So many faults of each kind a test waits for. */
const ENOUGH = 30

const callers: Caller[] = (['taskq_reader', 'taskq_client', 'taskq_operator', 'taskq_admin'] as const).flatMap((role) => [
	{ role, name: null },
	{ role, name: `${role} all`, keyId: `${role}-a` },
	{ role, name: `${role} some`, keyId: `${role}-b`, queues: [`${role}.1`, 'with "quotes" and \\'] },
])

/** What a statement of this caller must see. */
const expected = ({ role, name, keyId, queues }: Caller, n: number) => ({
	...{ role, door: 'rest', caller: name ?? '', key: keyId ?? '', n, timeout: role === 'taskq_reader' ? '10s' : '15s' },
	queues: queues ? `{${queues.map((queue) => JSON.stringify(queue)).join(',')}}` : '',
})

/** A login that has nothing of its own: what is not told to a statement, it cannot do. */
async function makeLogin(cluster: Cluster): Promise<string> {
	const { version } = await cluster.row(`select current_setting('server_version_num')::integer as version`)
	await cluster.query(`create role ${LOGIN} login noinherit password 'app'`)
	const option = version >= 160_000 ? ' with inherit false, set true' : ''
	await cluster.query(`grant taskq_reader, taskq_client, taskq_worker, taskq_operator, taskq_admin to ${LOGIN}${option}`)
	return Object.assign(new URL(cluster.url), { username: LOGIN, password: 'app' }).href
}

interface Scene {
	cluster: Cluster
	/** The way that is tried. */
	url: string
	database: Database
}
const ways = { directly: false, 'through pgbouncer with two sessions': true }

function onEachWay(words: string, run: (t: ExecutionContext, scene: Scene) => Promise<void>): void {
	for (const [way, pooled] of Object.entries(ways)) {
		const declare = pooled && noPgbouncer ? test.serial.skip : test.serial
		declare(`${way}: ${words}`, async (t) => {
			bePatient(t)
			const cluster = await makeCluster(t)
			const login = await makeLogin(cluster)
			const url = pooled ? (await makePgbouncer(t, login, { poolSize: 2 })).url : login
			const database = new Database({ connectionString: url, pooled, log })
			await run(t, { cluster, url, database }).finally(() => database.end())
		})
	}
}
if (noPgbouncer) console.error(`SKIPPED: callers through a transaction pooler: ${noPgbouncer}`)

const ask = async (database: Database, caller: Caller, config: pg.QueryConfig) =>
	(await (database.as(caller) as pg.Pool).query(config)).rows
const told = (n: number) => ({ name: 'told', text: TOLD, values: [n] })

/** All callers at once, again and again; answers what was wrong, and how many statements failed, which some must not. */
async function askAll(database: Database, mayFail: (error: Error) => boolean = () => false) {
	const wrong: unknown[] = []
	let failed = 0
	const askAs = async (caller: Caller) => {
		for (let n = 0; n < ROUNDS; n++) {
			try {
				const [row] = await ask(database, caller, told(n))
				const right = expected(caller, n)
				if (Object.entries(right).some(([name, value]) => row[name] !== value)) wrong.push({ row, right })
			} catch (error) {
				failed++
				if (!mayFail(error as Error)) wrong.push(error)
			}
		}
	}
	await Promise.all(callers.map(askAs))
	return { wrong, failed }
}

onEachWay('each of many statements sees its own caller, between others that fail and that take too long', async (t, { url, database }) => {
	let isOver = false
	const errors = new Map<string, number>()
	const note = (error: { code?: string }) =>
		void errors.set(error.code ?? String(error), (errors.get(error.code ?? String(error)) ?? 0) + 1)
	const spoil = async (n: number) => {
		const client = new pg.Client(url)
		await client.connect()
		while (!isOver || errors.size < 3) {
			const short = ['taskq_admin', '20ms', 'websocket', 'spoiler', 'spoiler', '{spoilt}'] as const
			await queryInRole(client, short, { text: 'select pg_sleep(60) where $1', values: [true] }).catch(note)
			await ask(database, callers[n]!, { name: 'fails', text: 'select 1 / $1::integer', values: [0] }).catch(note)
			await ask(database, callers[n]!, { text: 'select nothing from nowhere', values: [] }).catch(note)
		}
		await client.end()
	}

	const spoilers = [spoil(0), spoil(5), spoil(8)]
	const { wrong } = await askAll(database)
	isOver = true
	await Promise.all(spoilers)

	t.deepEqual(wrong, [])
	t.deepEqual([...errors.keys()].sort(), ['22012', '42P01', '57014'])
})

onEachWay('statements that are cancelled and sessions that are ended leave nothing to the next', async (t, { cluster, database }) => {
	const OURS = `usename = '${LOGIN}'`
	const harms = ['pg_cancel_backend', 'pg_terminate_backend']
	let isOver = false
	const harmed = [0, 0]
	const harm = async (n: number) => {
		while (!isOver)
			harmed[n]! += (await cluster.query(`select ${harms[n]}(pid) from pg_stat_activity where ${OURS} order by random() limit 1`)).rowCount!
	}

	const harming = [harm(0), harm(1)]
	const wrong: unknown[] = []
	let failed = 0
	while (Math.min(...harmed) < ENOUGH || failed < ENOUGH) {
		const found = await askAll(database, ({ name }) => name === 'Unavailable' || name === 'error')
		wrong.push(...found.wrong)
		failed += found.failed
	}
	isOver = true
	await Promise.all(harming)
	const after = await until(() => askAll(database).then((found) => found.failed === 0 && found))

	t.deepEqual(wrong, [])
	t.deepEqual(after.wrong, [])
	t.log(`${harmed[0]} statements cancelled, ${harmed[1]} sessions ended, ${failed} statements failed`)
})

onEachWay('a role that is taken away and given back', async (t, { cluster, database }) => {
	const admin = callers.find(({ role }) => role === 'taskq_admin')! // no other role leads to this one
	const pause = (queue: string) => ask(database, admin, { name: 'pause', text: 'select taskq.pause_queue($1)', values: [queue] })
	await Promise.all(Array.from({ length: 10 }, (_, n) => pause(`before-${n}`)))

	await cluster.query(`revoke taskq_admin from ${LOGIN}`)
	const refused = await Promise.allSettled(Array.from({ length: 30 }, () => pause('refused')))
	const { wrong } = await askAll(database, (error) => (error as { code?: string }).code === '42501')
	await cluster.query(`grant taskq_admin to ${LOGIN}`)
	await pause('after')
	const { wrong: later } = await askAll(database)

	const isRefused = (answer: PromiseSettledResult<unknown>) => answer.status === 'rejected' && answer.reason.code === '42501'
	t.true(refused.every(isRefused))
	t.deepEqual([wrong, later], [[], []])
	const queues = (await cluster.rows(`select queue from taskq.queues where queue !~ '^before' order by 1`)).map(({ queue }) => queue)
	t.false(queues.includes('refused'))
	t.true(queues.includes('after'))
})

/** A way on which a client's connection is reset once the database has been told who asks, and before it is told what. */
async function openCut(t: ExecutionContext, url: string): Promise<{ url: string; cuts: () => number }> {
	const target = new URL(url)
	let cuts = 0
	const server = net.createServer((client) => {
		const there = net.connect(Number(target.port), target.hostname)
		const frames = new Frames()
		let isFirst = true
		let isCut = false
		for (const socket of [client, there]) socket.on('error', () => {}).on('close', () => [client, there].map((one) => one.destroy()))
		there.on('data', (chunk) => client.write(chunk))
		client.on('data', (chunk) => {
			if (isCut) return
			if (isFirst) {
				isFirst = false // the first message has no type
				return void there.write(chunk)
			}
			for (const frame of frames.read(chunk)) {
				there.write(frame)
				isCut = frame[0] === 0x45 // E: Execute, of the settings
				if (!isCut) continue
				cuts++
				const flush = Buffer.from([0x48, 0, 0, 0, 4]) // H, so that they are answered: then they are set
				there.write(flush, () => there.once('data', () => [client, there].map((one) => one.resetAndDestroy())))
				return
			}
		})
	})
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
	t.teardown(() => void server.close())
	const { port } = server.address() as net.AddressInfo
	return { url: Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(port) }).href, cuts: () => cuts }
}

onEachWay('a connection that breaks between who asks and what is asked does nothing', async (t, { cluster, url, database }) => {
	const cut = await openCut(t, url)
	const broken = new Database({ connectionString: cut.url, pooled: true, log })
	const admin: Caller = { role: 'taskq_admin', name: 'broken', keyId: 'broken', queues: ['broken'] }

	const breaking = Array.from({ length: ROUNDS }, () =>
		ask(broken, admin, { text: 'select taskq.pause_queue($1)', values: ['broken'] }).then(
			() => 'done',
			({ name }: Error) => name,
		),
	)
	const { wrong } = await askAll(database)
	const answers = await Promise.all(breaking)
	await broken.end()
	const later = await askAll(database)

	t.deepEqual(new Set(answers), new Set(['Unavailable']))
	t.is(cut.cuts(), ROUNDS)
	t.deepEqual([wrong, later.wrong], [[], []])
	t.deepEqual(await cluster.rows(`select from taskq.queues where queue = 'broken'`), [])
})
