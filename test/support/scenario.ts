import { call, callOne } from '../../db/calls.ts'
import { claim, type Db, registerTypes } from './db.ts'
import { jobIds, submitEach } from './stage.ts'

type Request = Record<string, unknown>

const types = [
	{ type: 'send_email', cpu_units: 0.1, memory_mb: 32, timeout_seconds: 30, jitter: 0 },
	{ type: 'resize_image', cpu_units: 1, memory_mb: 256, timeout_seconds: 120 },
	{ type: 'train_model', cpu_units: 4, memory_mb: 8192, timeout_seconds: 7200, resources: { gpu: 1 } },
	{ type: 'export_report', cpu_units: 2, memory_mb: 1024, timeout_seconds: 900 },
]

async function addWorker(db: Db, name: string, takes: string[], cpu: number, memory: number, resources = {}): Promise<string> {
	return (
		await db.row('select taskq.register_worker($1, $2, $3, $4, 8, null, $5) as id', [name, takes, cpu, memory, JSON.stringify(resources)])
	).id
}

async function submit(db: Db, ...requests: Request[]): Promise<string[]> {
	return (await submitEach(db.pool, requests)).map(({ job_id, error }) => {
		if (error) throw new Error(error.message)
		return job_id!
	})
}

/** A worker takes so many jobs, and some time later they end so. */
async function run(db: Db, worker: string, jobs: number, seconds: number, report: Request): Promise<string[]> {
	const claimed = await claim(db, worker, jobs)
	await db.moveClock(`${seconds} seconds`)
	const outcomes = jobIds(claimed).map((job_id) => ({ claim_id: claimed.claim_id, job_id, ...report }))
	await callOne(db.pool, 'claimNextJob', [worker, 0, JSON.stringify(outcomes)])
	return jobIds(claimed)
}

/** What has ended: images that take longer than they did, and mails that failed. */
async function makeHistory(db: Db, mail: string, media: string): Promise<void> {
	for (const seconds of [2, 2, 5]) {
		await submit(db, ...Array(8).fill({ type: 'resize_image' }))
		await run(db, media, 8, seconds, { outcome: 'completed', result: {} })
	}
	const failure = { outcome: 'failed', fatal: true }
	await submit(db, ...Array(6).fill({ type: 'send_email' }))
	await run(db, mail, 4, 3, { ...failure, error: { message: 'connect ETIMEDOUT 192.0.2.25:587' } })
	await run(db, mail, 2, 1, { ...failure, error: { message: 'no such mailbox' } })
}

/** One that failed once, wrote a log, and waits for its next attempt. */
async function makeRetried(db: Db, media: string): Promise<string> {
	const [id] = await submit(db, { type: 'resize_image', priority: 'critical', retry_config: { initial_delay_seconds: 600 } })
	const claimed = await claim(db, media)
	const lines = ['fetching the original', 'got 12 MB'].map((message) => ({
		claim_id: claimed.claim_id,
		job_id: id,
		level: 'info',
		message,
	}))
	await call(db.pool, 'logJobs', [JSON.stringify(lines)])
	const failed = { claim_id: claimed.claim_id, job_id: id, outcome: 'failed', error: { message: 'the image is cut off' } }
	await callOne(db.pool, 'claimNextJob', [media, 0, JSON.stringify([failed])])
	return id!
}

/** What runs: a training on the only gpu, images, mails; and what stands behind them. */
async function makePresent(db: Db, workers: { mail: string; media: string; gpu: string }): Promise<{ job: string }> {
	const [, job] = await submit(db, ...Array(2).fill({ type: 'train_model', queue: 'research', metadata: { order: 42 } }))
	const trained = await claim(db, workers.gpu)
	await submit(db, ...Array(12).fill({ type: 'resize_image' }), ...Array(3).fill({ type: 'send_email', priority: 'high' }))
	await call(db.pool, 'reportProgress', [trained.claim_id, jobIds(trained)[0], 40, null])
	await claim(db, workers.media, 6)
	await claim(db, workers.mail, 2)
	await submit(db, ...Array(4).fill({ type: 'export_report', queue: 'reports' }))
	const { at } = await db.row(`select taskq_private.clock() + interval '20 minutes' as at`)
	await submit(db, { type: 'send_email', name: 'reminder', run_at: at.toISOString() })
	await db.query(`select taskq.pause_queue('newsletter')`)
	await submit(db, { type: 'send_email', queue: 'newsletter' })
	return { job: job! }
}

/** A workflow of which one job waits for another. */
async function makeWorkflow(db: Db): Promise<string> {
	const graph = {
		workflow: { name: 'nightly' },
		jobs: [
			{ name: 'collect', type: 'export_report', queue: 'reports' },
			{ name: 'publish', type: 'send_email', depends_on: ['collect'] },
		],
	}
	const rows = await call<{ name: string; job_id: string }>(db.pool, 'submitJobs', [JSON.stringify(graph)])
	return rows.find(({ name }) => name === 'publish')!.job_id
}

/** A queue on an ordinary day: what `docs/psql.md` asks about. Answers its psql variables. */
export async function makeScenario(db: Db): Promise<Record<string, string>> {
	await registerTypes(db, ...types)
	await db.query(`select taskq.set_limit(type => 'send_email', max_running => 2)`)
	const mail = await addWorker(db, 'mail-1', ['send_email'], 2, 1024)
	const media = await addWorker(db, 'media-1', ['resize_image', 'send_email'], 8, 16384)
	const gpu = await addWorker(db, 'gpu-1', ['train_model'], 16, 65536, { gpu: 1 })
	await db.query(`select taskq.set_limit(type => 'send_email', max_running => 4)`)
	await makeHistory(db, mail, media)
	await db.query('select taskq.tick()')
	const retried = await makeRetried(db, media)
	await db.query(`select taskq.set_limit(type => 'send_email', max_running => 2)`)
	const { job } = await makePresent(db, { mail, media, gpu })
	const child = await makeWorkflow(db)
	await db.moveClock('45 seconds')
	return { job, retried, child, worker: media }
}
