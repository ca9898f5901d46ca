import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { call, callOne } from '../db/calls.ts'
import { startEmbedded } from '../db/embedded.ts'
import { migrate } from '../db/migrate.ts'
import type { Step } from './workflow-file.ts'
import { QUEUE, type Stops } from './workflow-workers.ts'

const UNFINISHED = ['pending', 'blocked', 'ready', 'running', 'retrying']

/** graphile-migrate keeps its connections for 200 ms, and ends this process if the server ends them. */
const MIGRATE_KEEPS_MS = 300

/** The database of DATABASE_URL, or one that is thrown away at the end; migrated. */
export async function openDatabase(stops: Stops, workers: number): Promise<string> {
	let url = process.env.DATABASE_URL
	if (!url) {
		const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'taskq-workflow-'))
		stops.push(() => fs.rmSync(dataDir, { recursive: true, force: true }))
		// as `npm start` sets it, durability included, with connections for every worker
		const settings = { max_connections: 20 + 6 * workers, shared_buffers: '256MB', max_wal_size: '2GB' }
		const postgres = await startEmbedded({ dataDir, settings })
		stops.push(() => postgres.stop())
		url = postgres.url
	}
	await migrate(url, { patienceMs: 0 })
	const kept = sleep(MIGRATE_KEEPS_MS)
	stops.push(() => kept)
	return url
}

/** Jobs of another run would be run by this run's workers. */
export async function refuseCompany(pool: pg.Pool): Promise<void> {
	const filters = [UNFINISHED, null, [QUEUE], null, null, null, null, null, null, null]
	const { total } = await callOne<{ total: string }>(pool, 'countJobs', filters)
	if (Number(total) > 0)
		throw new Error(
			`queue ${QUEUE} of this database holds ${total} unfinished jobs: another run is under way, or was killed; cancel its workflow`,
		)
}

export interface Submitted {
	workflowId: string
	/** Job id to name. */
	names: Map<string, string>
	/** The last event before the submit. */
	since: string
	/** How long the call took. */
	seconds: number
}

/** The whole graph in one call. A step that fails is not run again: it is a fault. */
export async function submit(pool: pg.Pool, steps: Step[], name: string): Promise<Submitted> {
	const { last_event_id: since } = await callOne<{ last_event_id: string }>(pool, 'streamPosition')
	const jobs = steps.map((step) => ({
		name: step.name,
		queue: QUEUE,
		type: 'workflow_step',
		payload: { seconds: step.seconds },
		resource_requirements: { cpu_units: step.cpuUnits, memory_mb: step.memoryMb },
		retry_config: { max_attempts: 1 },
		timeout_seconds: Math.ceil(step.seconds) + 60,
		depends_on: step.parents,
	}))
	const started = performance.now()
	const rows = await call<{ job_id: string; position: number; warnings: string[]; workflow_id: string }>(pool, 'submitJobs', [
		JSON.stringify({ workflow: { name: name.slice(0, 200) }, jobs }),
	])
	const seconds = (performance.now() - started) / 1000
	for (const warning of new Set(rows.flatMap(({ warnings }) => warnings))) console.error(`warning: ${warning}`)
	const names = new Map(rows.map(({ job_id, position }) => [job_id, steps[position]!.name]))
	return { workflowId: rows[0]!.workflow_id, names, since, seconds }
}

/** The record tells when things happened, so there is no hurry here, and the database has better things to do. */
const LOOK_MS = 200

const unfinished = async (pool: pg.Pool, { workflowId }: Submitted): Promise<number> =>
	Number((await callOne<{ unfinished_count: string }>(pool, 'getWorkflow', [workflowId])).unfinished_count)

/** Waits until every job has ended, or for so many seconds: the checks will say what is left. */
export async function untilDone(pool: pg.Pool, submitted: Submitted, seconds: number, signal: AbortSignal): Promise<void> {
	const deadline = performance.now() + seconds * 1000
	while (performance.now() < deadline && (await unfinished(pool, submitted)) > 0) await sleep(LOOK_MS, undefined, { signal })
}

/** A run that was cut short leaves nothing that waits for ever in a database that others use. */
export async function cancelRest(pool: pg.Pool, submitted: Submitted): Promise<void> {
	if ((await unfinished(pool, submitted)) > 0) await call(pool, 'cancelWorkflow', [submitted.workflowId, 'the run was cut short'])
}
