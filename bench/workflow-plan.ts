import { type Step, UsageError } from './workflow-file.ts'

/** How fast a workflow can be on these workers. Seconds. */
export interface Plan {
	/** The longest chain of steps that wait for each other. */
	criticalPath: number
	/** Run times weighed with the cpu they take. */
	cpuSeconds: number
	/** Nothing can be faster: the critical path, or all cpu-seconds spread over all cpu units. */
	lowerBound: number
	/** What taking ready jobs in their order comes to when it costs no time: the rest of a makespan is the queue's overhead. */
	listSchedule: number
}

export interface Workers {
	workers: number
	/** Cpu units of each. */
	cpu: number
}

export function makePlan(steps: Step[], { workers, cpu }: Workers): Plan {
	const criticalPath = longestPath(steps)
	const cpuSeconds = steps.reduce((sum, step) => sum + step.seconds * step.cpuUnits, 0)
	return {
		criticalPath,
		cpuSeconds,
		lowerBound: Math.max(criticalPath, cpuSeconds / (workers * cpu)),
		listSchedule: simulate(steps, { workers, cpu }),
	}
}

/** Parents before children; throws UsageError where that is impossible. */
function inOrder(steps: Step[]): Step[] {
	const { children, waitingFor } = graph(steps)
	const ordered = steps.filter((step) => step.parents.length === 0)
	for (const step of ordered)
		for (const child of children.get(step.name) ?? []) {
			const left = waitingFor.get(child.name)! - 1
			waitingFor.set(child.name, left)
			if (left === 0) ordered.push(child)
		}
	if (ordered.length < steps.length) {
		const done = new Set(ordered)
		const stuck = steps.filter((step) => !done.has(step)).map((step) => step.name)
		throw new UsageError(`the dependencies form a cycle, among or before ${stuck.slice(0, 5).join(', ')}${stuck.length > 5 ? ', …' : ''}`)
	}
	return ordered
}

function graph(steps: Step[]): { children: Map<string, Step[]>; waitingFor: Map<string, number> } {
	const children = new Map<string, Step[]>()
	for (const step of steps)
		for (const parent of step.parents) {
			const siblings = children.get(parent)
			if (siblings) siblings.push(step)
			else children.set(parent, [step])
		}
	return { children, waitingFor: new Map(steps.map((step) => [step.name, step.parents.length])) }
}

function longestPath(steps: Step[]): number {
	const ends = new Map<string, number>()
	let longest = 0
	for (const { name, seconds, parents } of inOrder(steps)) {
		const end = seconds + parents.reduce((latest, parent) => Math.max(latest, ends.get(parent)!), 0)
		ends.set(name, end)
		longest = Math.max(longest, end)
	}
	return longest
}

interface Running {
	step: Step
	worker: number
	end: number
}

/** List scheduling as the queue does it: first ready, first taken; what does not fit is passed over. */
function simulate(steps: Step[], { workers, cpu }: Workers): number {
	const { children, waitingFor } = graph(steps)
	const position = new Map(steps.map((step, n) => [step, n]))
	const free = new Array<number>(workers).fill(cpu)
	const ready = steps.filter((step) => step.parents.length === 0)
	let running: Running[] = []
	let now = 0
	for (;;) {
		for (const { step, worker } of takeWhatFits(ready, free)) running.push({ step, worker, end: now + step.seconds })
		if (running.length === 0) return now
		now = running.reduce((first, { end }) => Math.min(first, end), Number.POSITIVE_INFINITY)
		const freed: Step[] = []
		for (const { step, worker, end } of running) {
			if (end > now) continue
			free[worker] = rounded(free[worker]! + step.cpuUnits)
			for (const child of children.get(step.name) ?? []) {
				const left = waitingFor.get(child.name)! - 1
				waitingFor.set(child.name, left)
				if (left === 0) freed.push(child)
			}
		}
		running = running.filter(({ end }) => end > now)
		ready.push(...freed.sort((a, b) => position.get(a)! - position.get(b)!))
	}
}

/** Moves the first ready steps that fit to their workers. */
function takeWhatFits(ready: Step[], free: number[]): Omit<Running, 'end'>[] {
	const taken: Omit<Running, 'end'>[] = []
	for (let n = 0; n < ready.length && free.some((units) => units > 0); ) {
		const step = ready[n]!
		const worker = free.findIndex((units) => units >= step.cpuUnits)
		if (worker < 0) n++
		else {
			free[worker] = rounded(free[worker]! - step.cpuUnits)
			taken.push({ step, worker })
			ready.splice(n, 1)
		}
	}
	return taken
}

/** Cpu units have three decimals, and sums of doubles a little more. */
export const rounded = (units: number): number => Math.round(units * 1000) / 1000
