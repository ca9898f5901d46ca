/** `npm run simulate -- TRACE`: replays a job trace through the stored functions with the clock moved, and compares the schedule with two others. */
import { callOne } from '../db/calls.ts'
import { onStop } from '../db/lifecycle.ts'
import { findBreaches, openDatabase, openSession } from './simulate-database.ts'
import { easyBackfill } from './simulate-easy.ts'
import { firstComeFirstServed } from './simulate-fcfs.ts'
import { type Placement, replay } from './simulate-jobs.ts'
import { type Setup, setUp } from './simulate-machine.ts'
import { findFault, measure } from './simulate-metrics.ts'
import { HELP, type Options, readOptions } from './simulate-options.ts'
import { show } from './simulate-report.ts'
import { readTrace } from './simulate-swf.ts'
import { TaskqScheduler } from './simulate-taskq.ts'
import { UsageError } from './workflow-file.ts'
import type { Stops } from './workflow-workers.ts'

const interrupted = new AbortController()
onStop(async () => {
	interrupted.abort()
	await new Promise(() => {}) // main() cleans up, and ends this process
})

interface Ran {
	placements: Placement[]
	claimTimes: number[]
	realSeconds: number
	faults: string[]
}

/** Replays the jobs through taskq. Cleans up after itself, whatever happens. */
async function replayTaskq({ jobs, machine }: Setup, reserveAfter: number): Promise<Ran> {
	const stops: Stops = []
	try {
		const url = await openDatabase(stops)
		const session = await openSession(url)
		stops.push(() => session.end())
		const scheduler = await TaskqScheduler.start(session, machine, reserveAfter)
		const began = performance.now()
		const placements = await replay(jobs, scheduler, interrupted.signal)
		const realSeconds = (performance.now() - began) / 1000
		const { total } = await callOne<{ total: string }>(session, 'countJobs', [['completed'], ...new Array(9).fill(null)])
		const uncounted = Number(total) === jobs.length ? [] : [`taskq has ${total} completed jobs of ${jobs.length}`]
		return { placements, claimTimes: scheduler.claimTimes, realSeconds, faults: [...uncounted, ...(await findBreaches(session))] }
	} finally {
		// one that fails must not keep the others from being done
		for (const stop of stops.reverse()) await Promise.try(stop).catch((error: Error) => console.error(`simulate: ${error.message}`))
	}
}

async function main(options: Options): Promise<number> {
	const { file, reserveAfter } = options
	const setup = setUp(readTrace(file), options)
	const { jobs, machine, skipped } = setup
	for (const [why, count] of skipped) console.error(`warning: ${count} ${count === 1 ? 'job is' : 'jobs are'} left out: ${why}`)
	const taskq = await replayTaskq(setup, reserveAfter)
	const schedules: [string, Placement[]][] = [
		['taskq', taskq.placements],
		['EASY backfill', await replay(jobs, easyBackfill(machine))],
		['first come, first served', await replay(jobs, firstComeFirstServed(machine))],
	]

	const found = schedules.map(([name, placements]) => [name, findFault(jobs, placements, machine)] as const)
	const faults = [...taskq.faults, ...found.flatMap(([name, fault]) => (fault ? [`${name}: ${fault}`] : []))]
	const measured = schedules.map(([name, placements]): [string, ReturnType<typeof measure>] => [name, measure(placements, machine)])
	console.log(show({ ...taskq, file, jobs, machine, reserveAfter, schedules: measured, faults }, options.json))
	return faults.length > 0 ? 1 : 0
}

try {
	const options = readOptions(process.argv.slice(2))
	if (options) process.exitCode = await main(options)
	else console.log(HELP)
} catch (thrown) {
	const error = thrown as Error & { code?: string | number; hint?: string } // that of an AbortError is a number
	const isUsage = error instanceof UsageError || String(error.code).startsWith('ERR_PARSE_ARGS')
	const sentence = interrupted.signal.aborted ? 'interrupted' : `${error.message || error.code}${error.hint ? ` (${error.hint})` : ''}`
	console.error(`simulate: ${sentence}${isUsage ? '\nSee --help.' : ''}`)
	process.exitCode = interrupted.signal.aborted ? 130 : isUsage ? 2 : 1
}
process.exit() // the look at npm and the signals must not keep it alive
