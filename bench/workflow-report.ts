import type { Capacity, Peaks } from './workflow-checks.ts'
import type { Step } from './workflow-file.ts'
import type { Plan } from './workflow-plan.ts'

export interface Report {
	file: string
	speed: number
	steps: Step[]
	capacity: Capacity
	plan: Plan
	submitSeconds: number
	makespan: number
	peaks: Peaks
	/** A sentence where a check failed. */
	checks: Record<'completed' | 'order' | 'capacity', string | null>
}

const fixed = (number: number): number => Number(number.toFixed(3))
const dependencies = (steps: Step[]): number => steps.reduce((sum, { parents }) => sum + parents.length, 0)
const ratio = ({ makespan, plan }: Report): number => (plan.lowerBound > 0 ? makespan / plan.lowerBound : Number.POSITIVE_INFINITY)

/** The report as text, or as one line of JSON with times in seconds. */
export const show = (report: Report, json: boolean): string => (json ? JSON.stringify(asJson(report)) : asText(report))

function asJson(report: Report): Record<string, unknown> {
	const { file, speed, steps, capacity, plan, submitSeconds, makespan, peaks, checks } = report
	return {
		...{ file, jobs: steps.length, dependencies: dependencies(steps), speed },
		...{ workers: capacity.workers, cpu_units: capacity.cpu, memory_mb: capacity.memoryMb },
		...{ submit_seconds: fixed(submitSeconds), makespan_seconds: fixed(makespan) },
		...{ lower_bound_seconds: fixed(plan.lowerBound), ratio: fixed(ratio(report)) },
		...{
			critical_path_seconds: fixed(plan.criticalPath),
			cpu_seconds: fixed(plan.cpuSeconds),
			list_schedule_seconds: fixed(plan.listSchedule),
		},
		max_cpu_units: { of_one_worker: peaks.cpuOfOne, of_all: peaks.cpuOfAll },
		max_memory_mb: { of_one_worker: peaks.memoryOfOne, of_all: peaks.memoryOfAll },
		checks: Object.fromEntries(Object.entries(checks).map(([name, fault]) => [name, fault ?? 'ok'])),
	}
}

function asText(report: Report): string {
	const { file, speed, steps, capacity, plan, submitSeconds, makespan, peaks, checks } = report
	const { workers, cpu, memoryMb } = capacity
	const seconds = (value: number) => `${value.toFixed(3)} s`
	const held = (one: number, ofOne: number, all: number) =>
		`at most ${one} of ${ofOne} by one worker, ${all} of ${ofOne * workers} by all together`
	const check = (fault: string | null, what: string) => `${fault ? 'FAILED' : 'ok'}: ${what}`
	return [
		`${file}: ${steps.length} jobs, ${dependencies(steps)} dependencies, ${speed} times as fast as recorded`,
		`${workers} ${workers === 1 ? 'worker' : 'workers'} with ${cpu} cpu units and ${memoryMb} MB each; submitted in one call of ${seconds(submitSeconds)}`,
		'',
		`makespan       ${seconds(makespan)}`,
		`lower bound    ${seconds(plan.lowerBound)}, of critical path ${seconds(plan.criticalPath)} and ${plan.cpuSeconds.toFixed(3)} cpu-seconds / ${cpu * workers} cpu units`,
		`ratio          ${ratio(report).toFixed(3)}`,
		`list schedule  ${seconds(plan.listSchedule)} if claiming in order cost no time`,
		`cpu units      ${held(peaks.cpuOfOne, cpu, peaks.cpuOfAll)}`,
		`memory (MB)    ${held(peaks.memoryOfOne, memoryMb, peaks.memoryOfAll)}`,
		'',
		check(checks.completed, 'every job completed'),
		check(checks.order, 'no job started before all its parents had finished'),
		check(checks.capacity, 'no worker ever held more than its capacity'),
	].join('\n')
}
