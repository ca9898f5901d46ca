/** GraphQL over HTTP answers again by itself after each fault of PostgreSQL, and says so while it cannot. */
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import type { Answer } from '../../server/support.ts'
import { registerTypes } from '../../support/db.ts'
import { bePatient, until } from '../../support/patience.ts'
import { type Cluster, makeCluster } from '../cluster.ts'
import { spawnServer, timed, within } from './support.ts'

type Server = Awaited<ReturnType<typeof spawnServer>>

const SUBMIT = 'mutation { submitJob(input: {type: "quick"}) { submitted { jobId } } }'
const COUNT = '{ countJobs }'

const ask = (server: Server, query: string): Promise<Answer | undefined> => server.api.post('/graphql', { query }).catch(() => undefined)
const isGood = (answer: Answer | undefined): boolean => answer?.status === 200 && !answer.body.errors

/** What clients are told while it is away: never a 200 that says nothing, and never a 500. */
const isHonest = (answer: Answer | undefined): boolean => isGood(answer) || (answer?.body.errors?.length > 0 && answer!.status !== 500)

/** PostgreSQL and a server that both work, asked for all of the time by four clients; the answers that were wrong. */
async function during(
	t: ExecutionContext,
	fault: (cluster: Cluster) => Promise<void>,
	settings = {},
): Promise<{ ms: number; bad: Answer[] }> {
	const cluster = await makeCluster(t, { settings })
	await registerTypes(cluster.db, 'quick')
	const server = await spawnServer(t, cluster.url)
	await until(async () => isGood(await ask(server, COUNT)))
	const bad: Answer[] = []
	let isOver = false
	const asking = Promise.all(
		[COUNT, COUNT, SUBMIT, SUBMIT].map(async (query) => {
			while (!isOver) {
				const answer = await ask(server, query)
				if (!isHonest(answer)) bad.push(answer!)
			}
		}),
	)

	await fault(cluster)
	const { ms } = await timed(async () => {
		for (const query of [COUNT, SUBMIT]) await within(20, `an answer to ${query}`, async () => isGood(await ask(server, query)))
	})
	isOver = true
	await asking
	for (let n = 0; n < 20; n++) t.true(isGood(await ask(server, n % 2 ? COUNT : SUBMIT)), 'a broken connection is still in use')
	t.is(server.exitCode, null)
	t.deepEqual(await cluster.breaches(), [])
	return { ms, bad }
}

const faults: Record<string, { fault: (cluster: Cluster) => Promise<void>; settings?: Record<string, number> }> = {
	'a restart': {
		async fault(cluster) {
			await cluster.stop('immediate')
			await cluster.start()
		},
	},
	'its sessions are terminated, again and again': {
		async fault(cluster) {
			for (let n = 0; n < 10; n++) await until(() => cluster.terminate())
		},
	},
	'all connections are taken': {
		settings: { max_connections: 30 },
		async fault(cluster) {
			const taken: pg.Client[] = []
			await until(async () => {
				const client = new pg.Client({ connectionString: cluster.url, application_name: 'hog' })
				client.on('error', () => {})
				await client.connect().then(
					() => taken.push(client),
					() => cluster.terminate().catch(() => {}),
				)
				return taken.length >= 20
			})
			await Promise.all(taken.map((client) => client.end()))
		},
	},
}

for (const [name, { fault, settings }] of Object.entries(faults)) {
	test.serial(`GraphQL answers again by itself: ${name}`, async (t) => {
		bePatient(t)
		const { ms, bad } = await during(t, fault, settings)

		t.log(`answered ${Math.round(ms)} ms after it was over`)
		t.deepEqual(bad, [])
		t.true(ms < 10_000)
	})
}
