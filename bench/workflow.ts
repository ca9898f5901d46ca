/** `npm run workflow -- FILE`: runs a recorded workflow through the queue, compares its makespan with the lower bound, and checks the record. */
import path from 'node:path'
import { onStop } from '../db/lifecycle.ts'
import { makePool } from '../db/pool.ts'
import { type Capacity, checkCapacity, checkCompleted, checkOrder, findPeaks, makespanOf, type RunRecord } from './workflow-checks.ts'
import { readWorkflow, type Step, UsageError } from './workflow-file.ts'
import { HELP, type Options, readOptions } from './workflow-options.ts'
import { makePlan } from './workflow-plan.ts'
import { readRecord } from './workflow-record.ts'
import { show } from './workflow-report.ts'
import { cancelRest, openDatabase, refuseCompany, submit, untilDone } from './workflow-run.ts'
import { type Stops, startWorkers } from './workflow-workers.ts'

const interrupted = new AbortController()
onStop(async () => {
	interrupted.abort()
	await new Promise(() => {}) // run() cleans up, and ends this process
})

/** So that cpu is the limit: as many of the smallest at once as fit a worker, and memory for as many of the largest. */
function sizeWorkers(steps: Step[], { workers, cpu }: Options): Capacity & { concurrency: number } {
	const smallest = steps.reduce((least, step) => Math.min(least, step.cpuUnits), cpu)
	const largest = steps.reduce((most, step) => Math.max(most, step.memoryMb), 1)
	const concurrency = Math.min(Math.floor(cpu / smallest + 1e-9), steps.length, 10_000)
	return { workers, cpu, memoryMb: largest * concurrency, concurrency }
}

/** Runs the steps and answers how long the submit took, and the database's record. Cleans up after itself, whatever happens. */
async function run(name: string, steps: Step[], capacity: ReturnType<typeof sizeWorkers>, patience: number): Promise<[number, RunRecord]> {
	const stops: Stops = []
	try {
		const url = await openDatabase(stops, capacity.workers)
		interrupted.signal.throwIfAborted()
		const pool = makePool({ connectionString: url, role: 'taskq_operator', name: 'taskq workflow', max: 2 })
		stops.push(() => pool.end())
		await refuseCompany(pool)
		const { ended } = await startWorkers(stops, { url, ...capacity })
		interrupted.signal.throwIfAborted()

		const submitted = await submit(pool, steps, name)
		stops.push(() => cancelRest(pool, submitted))
		await Promise.race([untilDone(pool, submitted, patience, interrupted.signal), ended])
		return [submitted.seconds, await readRecord(pool, submitted.names, submitted.since)]
	} finally {
		// one that fails must not keep the others from being done
		for (const stop of stops.reverse()) await Promise.try(stop).catch((error: Error) => console.error(`workflow: ${error.message}`))
	}
}

async function main(options: Options): Promise<number> {
	const { file, speed, cpu } = options
	const steps = readWorkflow(file, { speed, cpu, warn: (line) => console.error(`warning: ${line}`) })
	const plan = makePlan(steps, options)
	const capacity = sizeWorkers(steps, options)
	// a queue that is stuck must not keep this waiting for ever
	const [submitSeconds, record] = await run(path.basename(file, '.json'), steps, capacity, 60 + 10 * plan.listSchedule)

	const checks = {
		completed: checkCompleted(steps, record),
		order: checkOrder(steps, record),
		capacity: checkCapacity(steps, record, capacity),
	}
	const facts = { file: path.basename(file), speed, steps, capacity, plan, submitSeconds, makespan: makespanOf(record) }
	console.log(show({ ...facts, peaks: findPeaks(steps, record), checks }, options.json))
	const faults = Object.values(checks).filter((fault) => fault !== null)
	for (const fault of faults) console.error(`FAILED: ${fault}`)
	return faults.length > 0 ? 1 : 0
}

try {
	const options = readOptions(process.argv.slice(2))
	if (options) process.exitCode = await main(options)
	else console.log(HELP)
} catch (thrown) {
	const error = thrown as Error & { code?: string; hint?: string }
	const isUsage = error instanceof UsageError || String(error.code).startsWith('ERR_PARSE_ARGS')
	const sentence = interrupted.signal.aborted ? 'interrupted' : `${error.message || error.code}${error.hint ? ` (${error.hint})` : ''}`
	console.error(`workflow: ${sentence}${isUsage ? '\nSee --help.' : ''}`)
	process.exitCode = interrupted.signal.aborted ? 130 : isUsage ? 2 : 1
}
process.exit() // the look at npm and the signals must not keep it alive
