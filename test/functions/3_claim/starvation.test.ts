import test from 'ava'
import { type Db, makeDb } from '../../support/db.ts'
import { makeStage, type Stage } from '../../support/stage.ts'

const LONGEST = 20
const WORKERS = 4
const CPUS = 4

/** The same numbers in every run. */
function numbers(seed: number): () => number {
	let state = seed
	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0
		return state / 2 ** 32
	}
}

interface Soak {
	db: Db
	stage: Stage
	/** Every second this many small jobs are ready, at least: the stream never stops. */
	ready: number
	small: Record<string, unknown>
	/** Submitted at that second; the answer says after how many seconds each started, null for never. */
	watched: { at: number; job: Record<string, unknown> }[]
	seconds: number
	/** Whether small jobs say how long they take; else their type's timeout is expected of them. */
	says?: boolean
}

/** A clock that goes by seconds: jobs end, workers report and claim, the stream is filled up. */
async function soak({ db, stage, ready, small, watched, seconds, says = false }: Soak): Promise<(number | null)[]> {
	const random = numbers(7)
	const lengths = new Map<string, number>()
	const watchedIds = new Map<string, number>()
	const waits: (number | null)[] = watched.map(() => null)
	const workers = [stage.worker]
	while (workers.length < WORKERS) workers.push(await stage.addWorker())
	const held = workers.map((): { claim_id: string; job_id: string; ends: number }[] => [])
	await db.stopClock()

	for (let now = 0; now < seconds && waits.includes(null); now++) {
		for (const [n, { at, job }] of watched.entries()) if (at === now) watchedIds.set(await stage.submitOne(job), n)
		const { waiting } = await db.row('select count(*)::int as waiting from taskq_private.ready_jobs')
		const fresh = Array.from({ length: Math.max(ready - waiting, 1) }, () => 1 + Math.floor(random() * LONGEST))
		const ids = await stage.submit(...fresh.map((length) => ({ ...small, expected_seconds: says ? length : undefined })))
		for (const [n, id] of ids.entries()) lengths.set(id, fresh[n]!)
		for (const [n, worker] of workers.entries()) {
			const ended = held[n]!.filter(({ ends }) => ends <= now)
			held[n] = held[n]!.filter(({ ends }) => ends > now)
			let outcomes = JSON.stringify(ended.map(({ claim_id, job_id }) => ({ claim_id, job_id, outcome: 'completed' })))
			for (let more = true; more; outcomes = '[]') {
				const claimed = await db.row('select * from taskq.claim_next_job($1, $2, $3)', [worker, CPUS, outcomes])
				more = claimed.jobs.length > 0 // as a worker does
				for (const { job_id } of claimed.jobs) {
					const which = watchedIds.get(job_id)
					if (which !== undefined) waits[which] = now - watched[which]!.at
					held[n]!.push({ claim_id: claimed.claim_id, job_id, ends: now + (lengths.get(job_id) ?? LONGEST) })
				}
			}
		}
		await db.moveClock('1 second')
		await db.query('update taskq_private.workers set heartbeat_at = taskq_private.clock()')
	}
	return waits
}

async function inDb(body: (db: Db) => Promise<void>): Promise<void> {
	const db = await makeDb()
	try {
		await body(db)
	} finally {
		await db.drop()
	}
}

const cpu = (cpu_units: number) => ({ resource_requirements: { cpu_units } })
const larges = [
	{ at: 40, job: cpu(CPUS) },
	{ at: 55, job: cpu(CPUS) },
	{ at: 120, job: cpu(CPUS - 0.5) },
]
const makeSmall = (db: Db) => makeStage(db, { cpuUnits: CPUS, task: { timeout_seconds: LONGEST } })

for (const says of [false, true])
	test(`large jobs among small ones that never stop start within reserve_after and the longest small job, ${says ? 'whose lengths are known' : 'of which only the timeout is known'}`, async (t) =>
		inDb(async (db) => {
			const waits = await soak({ db, stage: await makeSmall(db), ready: 8, small: cpu(1), watched: larges, seconds: 400, says })

			t.log(`large jobs waited for ${waits.join(', ')} s; bound ${30 + LONGEST} s`)
			t.true(
				waits.every((wait) => wait !== null && wait <= 30 + LONGEST),
				`${waits}`,
			)
			t.deepEqual(await db.breaches(), [])
		}))

test('as many large jobs as workers, all at once, start within that too', async (t) =>
	inDb(async (db) => {
		const watched = Array.from({ length: WORKERS }, () => ({ at: 40, job: cpu(CPUS) }))
		const waits = await soak({ db, stage: await makeSmall(db), ready: 8, small: cpu(1), watched, seconds: 400 })

		t.log(`large jobs waited for ${waits.join(', ')} s; bound ${30 + LONGEST} s`)
		t.true(
			waits.every((wait) => wait !== null && wait <= 30 + LONGEST),
			`${waits}`,
		)
	}))

test('without reservations the same stream starves a large job', async (t) =>
	inDb(async (db) => {
		await db.query('select taskq.configure(reserve_after_seconds => 86400)')
		const waits = await soak({ db, stage: await makeSmall(db), ready: 8, small: cpu(1), watched: larges.slice(0, 1), seconds: 250 })

		t.deepEqual(waits, [null])
	}))

const aging = 10
const low = { at: 40, job: { queue: 'soak', priority: 4, ...cpu(1) } }
const urgent = { queue: 'soak', priority: 1, ...cpu(1) }

test('a low job among urgent ones that never stop starts within its levels × aging_seconds and the longest job', async (t) =>
	inDb(async (db) => {
		await db.query(`select taskq.set_queue_aging('soak', $1)`, [aging])
		const bound = 3 * aging + LONGEST
		const waits = await soak({ db, stage: await makeSmall(db), ready: 16, small: urgent, watched: [low, { ...low, at: 90 }], seconds: 400 })

		t.log(`low jobs waited for ${waits.join(', ')} s; bound ${bound} s`)
		t.true(
			waits.every((wait) => wait !== null && wait <= bound),
			`${waits}`,
		)
	}))

test('without aging the same stream starves it', async (t) =>
	inDb(async (db) => {
		const waits = await soak({ db, stage: await makeSmall(db), ready: 16, small: urgent, watched: [low], seconds: 250 })

		t.deepEqual(waits, [null])
	}))
