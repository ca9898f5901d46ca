import { setTimeout as sleep } from 'node:timers/promises'
import type { Workers } from '../processes.ts'
import { Entries, type Sample } from '../results.ts'
import { brief, COSTS, LATENCY, RATE, type Row, thousands } from '../row.ts'
import { type Bench, BULK, type Crew, measure, untilIdle, withCrew, withDatabase } from '../run.ts'
import { quantile, rotated } from '../statistics.ts'
import { now, payloads } from '../system.ts'
import { keepBusy, OUTSTANDING, rate } from './busy.ts'

const percentiles = (times: number[]): Sample => ({
	p50_ms: quantile(times, 0.5),
	p95_ms: quantile(times, 0.95),
	p99_ms: quantile(times, 0.99),
})

const JOBS = 300

/** One job at a time, each a while after the one before, so that everything is at rest. */
async function pickUps({ client, workers }: Crew, jobs: number): Promise<Sample> {
	await workers.latencies()
	for (let n = 0; n < jobs; n++) {
		const goal = workers.handled + 1
		await client.submitOne({ n, sent: now() })
		await workers.untilHandled(goal)
		await sleep(50 + ((n * 7) % 50)) // in no step with anybody's timer
	}
	return percentiles(await workers.latencies())
}

export const pickup: Row = {
	name: 'pickup',
	title: 'Pickup latency of an idle system',
	about: `${JOBS} single jobs, 50 to 100 ms after the one before has started, from the call of submit in one process to the start of the handler in another.`,
	columns: LATENCY,
	charts: ['p50_ms', 'p99_ms'],
	async run(bench) {
		const entries = new Entries()
		const jobs = bench.scale.jobs || Math.ceil(JOBS / bench.scale.divisor)
		for (let round = 0; round < bench.scale.rounds; round++) {
			for (const system of rotated(bench.systems, round)) {
				const sample = await withDatabase(bench, system, (database) =>
					withCrew(bench, { system, database, workers: 1 }, (crew) => pickUps(crew, jobs)),
				)
				bench.progress(`${system.name}: ${brief(sample)}`)
				entries.add('idle', system.name, sample)
			}
		}
		return entries.list(bench.systems.map(({ name }) => name))
	},
}

/** Submits so many jobs a second, in a call every `everyMs`, for so long; what was late is caught up with. */
async function submitSteadily({ client }: Pick<Crew, 'client'>, perSecond: number, seconds: number): Promise<number> {
	const everyMs = 15
	const started = performance.now()
	let done = 0
	for (;;) {
		const elapsed = performance.now() - started
		if (elapsed > seconds * 1000) return done
		const due = Math.min(BULK, Math.floor((elapsed / 1000) * perSecond) - done)
		if (due > 0) {
			const sent = now()
			await client.submitMany(payloads(due, done).map((payload) => ({ ...payload, sent })))
			done += due
		}
		await sleep(Math.max(1, everyMs - (performance.now() - started - elapsed)))
	}
}

/** The most that it submits and runs at once, as fast as it goes. */
async function mostOf(crew: Crew, seconds: number): Promise<number> {
	const busy = keepBusy(crew)
	try {
		await sleep(seconds * 250) // plans are made, and found to be used again
		return await rate(crew, seconds)
	} finally {
		await busy.stop()
		await settled(crew.workers, crew.client)
	}
}

async function sustain(bench: Bench, crew: Crew, seconds: number): Promise<Sample> {
	const { workers } = crew
	const perSecond = (await mostOf(crew, seconds / 3)) / 2
	await workers.latencies()
	const before = workers.handled
	let behind = 0
	const measured = await measure(
		bench,
		() => workers.cpuSeconds(),
		async () => {
			const jobs = await submitSteadily(crew, perSecond, seconds)
			behind = jobs - (workers.handled - before)
			await workers.untilHandled(before + jobs)
			return jobs
		},
	)
	return { ...percentiles(await workers.latencies()), ...measured, behind }
}

async function settled(workers: Workers, client: Crew['client']): Promise<void> {
	for (let seen = -1; seen !== workers.handled; ) {
		seen = workers.handled
		await sleep(100)
	}
	await untilIdle(client)
}

const SECONDS = 60

export const sustained: Row = {
	name: 'sustained',
	title: 'Sustained load',
	about: `${SECONDS} s at half of the most that the same system submits and runs at once (${thousands(OUTSTANDING)} unfinished jobs all the time, one worker, just before), submitted in one call every 15 ms or so; from that call to the start of the handler. Rates differ from system to system, and so do the latencies’ burdens: costs a job are what compares best.`,
	columns: [...LATENCY, { ...RATE, ratio: false }, ...COSTS.slice(0, 3), { key: 'behind', title: 'not yet run at the end', digits: 0 }],
	charts: ['p50_ms', 'p99_ms', 'postgres_us'],
	async run(bench) {
		const entries = new Entries()
		const seconds = SECONDS / bench.scale.divisor
		for (let round = 0; round < bench.scale.rounds; round++) {
			for (const system of rotated(bench.systems, round)) {
				const sample = await withDatabase(bench, system, (database) =>
					withCrew(bench, { system, database, workers: 1 }, (crew) => sustain(bench, crew, seconds)),
				)
				bench.progress(`${system.name}: ${brief(sample)}`)
				entries.add('half of its maximum', system.name, sample)
			}
		}
		return entries.list(bench.systems.map(({ name }) => name))
	},
}
