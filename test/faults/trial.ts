import { check } from './checker.ts'
import { type Facts, readFacts } from './facts.ts'
import { groupBy, type History } from './history.ts'
import { ENOUGH, now, rateOf, untilOpen, watch, windows } from './rates.ts'
import { Storm, type StormOptions } from './storm.ts'

/** How long the parts of a trial take, in seconds, and how many jobs a second are asked for. */
export interface Scale {
	rate: number
	baseline: number
	fault: number
	recovery: number
	/** What a slow machine may take for each thing that comes, or does not. */
	limit: number
}

/** A machine that others use as well may never be steady. */
const MOST_WINDOWS = 10

export const SHORT: Scale = { rate: 40, baseline: 3, fault: 4, recovery: 3, limit: 100 }
export const LONG: Scale = { rate: 120, baseline: 20, fault: 60, recovery: 20, limit: 300 }

/** A fault, and what must hold beside the checker's rules. */
export interface Row {
	name: string
	title: string
	/** `chaos` and `pressure` have the names and the bar of the public benchmark that docs/reliability.md cites. */
	group: 'chaos' | 'pressure' | 'processes' | 'handlers'
	storm?: Partial<StormOptions>
	/** Does harm for so many seconds; when it resolves, nothing is done any more. */
	fault: (storm: Storm, seconds: number) => Promise<void>
	/** What this fault must have led to: sentences about what it has not, and notes for the report. */
	expect?: (storm: Storm, history: History, facts: Facts) => string[]
}

export interface Result {
	name: string
	/** Jobs that ended in a second: before, during and after the fault. */
	baseline: number
	during: number
	recovery: number
	/** Recovery as a share of the baseline. */
	ratio: number
	/** Seconds from the end of the fault until what had gathered was done. */
	back: number
	/** Acknowledged jobs that are not there, or never ended, or of whose end the stream has not told. */
	lost: number
	/** Jobs with more than one outcome, effect or key. */
	doubled: number
	/** Attempts that ended with their worker, so that the job ran again. */
	repeated: number
	/** Jobs in all, calls of clients, and those of them whose answer was lost. */
	jobs: number
	calls: number
	unknown: number
	notes: string[]
	/** What must not be, and is. */
	breaches: string[]
}

/** Ends the load, waits until all of it is done, stops everything but the database, and checks. */
export async function finish(storm: Storm, limit: number): Promise<{ history: History; facts: Facts; breaches: string[] }> {
	await storm.stopClients()
	await untilOpen(storm, 0, limit)
	const ended = await storm.database.rows<{ job_id: string }>('select job_id from taskq.jobs where finished_at is not null')
	await storm.audience.untilTold(ended.map(({ job_id }) => job_id))
	await storm.stopProcesses()
	const facts = await readFacts(storm.database)
	const history = await storm.readHistory()
	return { history, facts, breaches: [...check(history, facts), ...storm.failures] }
}

async function run(row: Row, scale: Scale, storm: Storm): Promise<Result> {
	storm.setRate(storm.rate)
	const watching = watch(storm)
	// what a busy machine kept back at first, and lets go then, is no baseline
	const isSteady = (rate: number) => Math.abs(rate / storm.rate - 1) < 1 - ENOUGH
	const steady = await windows(storm, scale.baseline, isSteady, MOST_WINDOWS * scale.baseline)
	const baseline = Math.min(steady, storm.rate)
	const from = now()
	await row.fault(storm, scale.fault)
	const to = now()
	const isBack = await untilOpen(storm, storm.rate / 2, scale.limit, '{ready,running}')
	const back = now() - to
	const during = await rateOf(storm, from, to)
	const breaches: string[] = []
	const recovery = await windows(storm, scale.recovery, (rate) => rate >= baseline * ENOUGH, scale.limit)

	breaches.push(...(await watching.stop()))
	const { history, facts, breaches: found } = await finish(storm, scale.limit)
	breaches.push(...found)
	if (!isBack) breaches.push(`the backlog was not done ${scale.limit} s after the fault`)
	if (recovery < baseline * ENOUGH)
		breaches.push(`the rate did not come back: ${baseline.toFixed(0)}/s before, ${recovery.toFixed(0)}/s after`)
	breaches.push(...(row.expect?.(storm, history, facts) ?? []))
	const count = (pattern: RegExp) => breaches.filter((breach) => pattern.test(breach)).length
	return {
		...{ name: row.name, baseline, during, recovery, ratio: recovery / baseline, back, jobs: facts.jobs.length },
		...{
			calls: history.calls.length,
			unknown: history.calls.filter(({ answer }) => answer?.is !== 'ok' && answer?.is !== 'failed').length,
		},
		...{ lost: count(/^I(1|2|10) /), doubled: count(/^I[358] /) },
		repeated: facts.executions.filter(({ outcome, job_id }) => outcome === 'lost' && history.starts.has(job_id)).length,
		...{ notes: [...storm.notes, ...unansweredNotes(history)], breaches },
	}
}

/** Why calls were not answered, the most frequent reasons first. */
function unansweredNotes({ calls }: History): string[] {
	const reasons = groupBy(
		calls.flatMap(({ answer }) => (answer?.is === 'unknown' ? [answer.error.slice(0, 100)] : [])),
		(error) => error,
	)
	return [...reasons]
		.sort(([, a], [, b]) => b.length - a.length)
		.slice(0, 3)
		.map(([error, { length }]) => `unanswered ${length} times: ${error}`)
}

/** One fault from beginning to end, on a database and with processes of its own. */
export async function runRow(row: Row, scale: Scale, options: Partial<StormOptions> = {}): Promise<Result> {
	const storm = await Storm.start({ rate: scale.rate, ...row.storm, ...options })
	try {
		return await run(row, scale, storm)
	} finally {
		await storm.end()
	}
}
