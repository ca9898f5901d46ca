/** What the workers of the fault suite run; every handler tells the ledger what it does. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'
import { z } from 'zod'
import { makePool } from '../../db/pool.ts'
import type { RunningJob } from '../../worker/running-job.ts'
import { type Job, type Task, task } from '../../worker/task.ts'
import type { Step } from './events.ts'
import { openLedger } from './ledger.ts'

const { FAULTS_LEDGER, WORKER_NAME = '', DATABASE_URL } = process.env
if (!FAULTS_LEDGER || !DATABASE_URL) throw new Error('These tasks are run by the workers of `npm run faults`, which sets FAULTS_LEDGER.')

const { write } = await openLedger(FAULTS_LEDGER)
const pool = isMainThread
	? makePool({ connectionString: DATABASE_URL, role: 'taskq_worker', name: 'taskq faults effect', max: 4 })
	: undefined

/** In a thread a job does not know its claim. */
const claimOf = (job: Job): string => (job as RunningJob).claimId ?? ''

const step = (is: Step['is'], job: Job): void => write({ is, t: Date.now(), job: job.id, claim: claimOf(job), worker: WORKER_NAME })

const payload = z.looseObject({ tag: z.string(), ms: z.number().default(0), times: z.number().default(0) })

type Payload = z.output<typeof payload>

/** Sleeps as handlers should: a signal ends it, and the ledger hears of that. */
async function run({ ms }: Payload, job: Job): Promise<void> {
	step('start', job)
	try {
		if (ms > 0) await sleep(ms, undefined, { signal: job.signal })
	} catch (error) {
		step('stopped', job)
		throw error
	}
}

/** A row of its own and the end of the job in one transaction. */
async function commitEffect(job: Job): Promise<void> {
	const client = await pool!.connect()
	let broken: Error | undefined
	try {
		await client.query('begin')
		await client.query('insert into faults.effects (job_id, claim_id) values ($1, $2)', [job.id, claimOf(job)])
		step('effect', job)
		await job.complete(client)
		await client.query('commit')
		step('committed', job)
	} catch (error) {
		broken = error as Error // what is open on it is rolled back with it
		throw error
	} finally {
		client.release(broken)
	}
}

const retry = { maxAttempts: 5, initialDelaySeconds: 0.2, backoffMultiplier: 1.5 }

export const tasks: Task[] = [
	task({ type: 'quick', payload, retry }, async (asked, job) => {
		await run(asked, job)
		step('end', job)
	}),
	task({ type: 'effect', payload, retry: { ...retry, maxAttempts: 50 } }, async (asked, job) => {
		await run(asked, job)
		await commitEffect(job)
		step('end', job)
	}),
	task({ type: 'flaky', payload, retry }, async (asked, job) => {
		await run(asked, job)
		if (job.attempt <= asked.times) throw new Error(`fails ${asked.times} times`)
		step('end', job)
	}),
	task({ type: 'poison', payload, retry: { ...retry, maxAttempts: 20 } }, (_asked, job) => {
		step('start', job)
		process.kill(process.pid, 'SIGKILL')
		return new Promise(() => {})
	}),
	task({ type: 'deaf', payload, timeoutSeconds: 1, retry: { maxAttempts: 1 } }, async ({ ms }, job) => {
		step('start', job)
		await sleep(ms)
		step('end', job)
	}),
	task({ type: 'blocking', payload, retry }, ({ ms }, job) => {
		step('start', job)
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms) // nothing else of this process runs meanwhile
		step('end', job)
	}),
	task({ type: 'hungry', payload, isolation: 'thread', retry: { maxAttempts: 1 } }, () => {
		const kept: number[][] = []
		for (;;) kept.push(new Array(100_000).fill(Math.random()))
	}),
]
