import test from 'ava'
import type pg from 'pg'
import { type Claim, call, callOne, type Submitted } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { type GraphJob, jobsOf } from '../../support/graph.ts'
import { makeStage, type Stage } from '../../support/stage.ts'

const db = useDb(test)

const MANY = 20_000
const FAN = 300
/** Jobs that a tick looks at, at most, for whether they have been kept long enough. */
const SWEPT = 1_000

/** How many rows of the tables of jobs this transaction has read so far. */
const rowsRead = async (client: pg.Client) =>
	Number(
		(
			await client.query(
				`select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) as n from pg_stat_xact_user_tables
				where relname ~ '^(job_specs|finished_jobs|waiting_jobs|ready_jobs|job_dependencies|job_attempts)'`,
			)
		).rows[0].n,
	)

/** Each call with a fan of children, in a transaction of its own that is undone; how many rows each has read. */
async function measure(stage: Stage, client: pg.Client, fan: number): Promise<Record<string, number>> {
	await client.query('begin')
	const first = { type: stage.type, priority: 1 }
	const [parent, other] = (await call<Submitted>(client, 'submitEach', [JSON.stringify([first, first])])).map(({ job_id }) => job_id)
	const children = Array(fan).fill({ type: stage.type, depends_on: [parent] })
	const graph = { workflow: { name: 'w' }, jobs: jobsOf(stage, { a: [], ...Object.fromEntries(children.map((_, n) => [`n${n}`, ['a']])) }) }
	const read: Record<string, number> = {}
	const step = async (name: string, act: () => Promise<unknown>) => {
		const before = await rowsRead(client)
		await act()
		read[name] = (await rowsRead(client)) - before
	}
	const workflowOf = async (rows: Promise<GraphJob[]>) => {
		workflow = (await rows)[0]!.workflow_id!
	}
	let workflow = ''
	const failure = ({ claim_id, jobs }: Claim) => JSON.stringify([{ claim_id, job_id: jobs[0]!.job_id, outcome: 'failed', fatal: true }])

	await step('submit', () => call(client, 'submitEach', [JSON.stringify(children)]))
	await step('submit a workflow', () => workflowOf(call<GraphJob>(client, 'submitJobs', [JSON.stringify(graph)])))
	await step('add an edge', () => call(client, 'addDependency', [parent, other, 'finished']))
	await step('cancel a parent', () => call(client, 'cancelJob', [other, null]))
	const claimed = await callOne<Claim>(client, 'claimNextJob', [stage.worker, 1, null])
	await step('fail', () => call(client, 'claimNextJob', [stage.worker, 0, failure(claimed)]))
	await step('retry with dependents', () => call(client, 'retryJob', [parent, true]))
	await step('cancel', () => call(client, 'cancelJob', [parent, null]))
	await step('retry without', () => call(client, 'retryJob', [parent, false]))
	const again = await callOne<Claim>(client, 'claimNextJob', [stage.worker, 1, null])
	await step('complete', () => call(client, 'completeJob', [again.claim_id, parent, null]))
	await step('cancel a workflow', () => call(client, 'cancelWorkflow', [workflow, null]))
	await step('tick', () => call(client, 'tick', []))
	await step('expire', () => client.query('select taskq_private.delete_expired(100)'))
	await client.query('rollback')
	return read
}

// plans are made once a session, here when the tables are as good as empty, and must do when they are large
test.serial('what a call reads follows the jobs that it is about, and not those that are there', async (t) => {
	const stage = await makeStage(db)
	await db.query('select taskq.configure(worker_lost_seconds => 3600, job_ttl_seconds => 60)')
	const client = await db.client()
	for (let warm = 0; warm < 6; warm++) await measure(stage, client, 2) // from the sixth on, a plan stays
	const small = await measure(stage, client, FAN)
	await stage.submit(...Array(MANY / 2).fill({}))
	for (let n = 0; n < MANY / 2; n += 1000) await stage.failAll()
	const [top] = await stage.submit({})
	await stage.submit(...Array(MANY / 2).fill({ depends_on: [top] }))

	await db.moveClock('10 minutes')

	const large = await measure(stage, client, FAN)

	t.log(small, large)
	const sweeps = ['tick', 'expire'] // these find more to do where there is more
	const growing = Object.keys(small).filter((name) => !sweeps.includes(name) && large[name]! > small[name]! + 10 * FAN)
	const wasteful = Object.keys(small).filter((name) => large[name]! > (sweeps.includes(name) ? 15 * SWEPT : 25 * FAN))
	t.deepEqual([growing, wasteful], [[], []])
})
