import fs from 'node:fs'
import { z } from 'zod'

/** One task of a workflow as a job: what it takes from its worker, for how long, and after which others. */
export interface Step {
	name: string
	/** How long it runs, scaled. */
	seconds: number
	cpuUnits: number
	memoryMb: number
	parents: string[]
}

/** A mistake of whoever asked, in one sentence. */
export class UsageError extends Error {
	override readonly name = 'UsageError'
}

/** What a task takes that does not say. */
const DEFAULT_CORES = 1
const DEFAULT_MEMORY_MB = 64

/** The part of WfFormat 1.5 that is needed to run a workflow again. */
const wfFormat = z.object({
	workflow: z.object({
		specification: z.object({
			tasks: z.array(z.object({ id: z.string().min(1), name: z.string().optional(), parents: z.array(z.string()).default([]) })).min(1),
		}),
		execution: z.object({
			tasks: z.array(
				z.object({
					id: z.string().min(1),
					runtimeInSeconds: z.number().nonnegative(),
					coreCount: z.number().positive().optional(),
					memoryInBytes: z.number().nonnegative().optional(),
				}),
			),
		}),
	}),
})

export interface ReadOptions {
	/** How many times faster than recorded. */
	speed: number
	/** What a worker has: a task that asks for more gets this, so that it can run at all. */
	cpu: number
	warn?: (line: string) => void
}

/** Reads a WfFormat file into steps, in the file's order. Throws UsageError where it cannot. */
export function readWorkflow(file: string, options: ReadOptions): Step[] {
	let text: string
	try {
		text = fs.readFileSync(file, 'utf8')
	} catch (error) {
		throw new UsageError(`cannot read ${file}: ${(error as Error).message}`)
	}
	let json: unknown
	try {
		json = JSON.parse(text)
	} catch (error) {
		throw new UsageError(`${file} is not JSON: ${(error as Error).message}`)
	}
	const parsed = wfFormat.safeParse(json)
	if (!parsed.success) {
		const { path, message } = parsed.error.issues[0]!
		throw new UsageError(`${file} is not WfFormat 1.5: ${path.length > 0 ? `${place(path)}: ` : ''}${message}`)
	}
	const { specification, execution } = parsed.data.workflow
	return toSteps(file, specification.tasks, execution.tasks, options)
}

const place = (path: PropertyKey[]): string =>
	path
		.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
		.join('')
		.slice(1)

type Specification = z.output<typeof wfFormat>['workflow']['specification']['tasks']
type Execution = z.output<typeof wfFormat>['workflow']['execution']['tasks']

function toSteps(file: string, tasks: Specification, executions: Execution, { speed, cpu, warn = () => {} }: ReadOptions): Step[] {
	const known = new Set<string>()
	for (const { id } of tasks) {
		if (known.has(id)) throw new UsageError(`${file}: two tasks have the id ${id}`)
		known.add(id)
	}
	const ran = new Map(executions.map((execution) => [execution.id, execution]))
	const tooLarge: string[] = []
	const steps = tasks.map(({ id, parents }) => {
		const execution = ran.get(id)
		if (!execution) throw new UsageError(`${file}: task ${id} has no run time: workflow.execution.tasks does not name it`)
		const stranger = parents.find((parent) => !known.has(parent))
		if (stranger !== undefined) throw new UsageError(`${file}: the parent ${stranger} of task ${id} is not in the file`)
		const { runtimeInSeconds, coreCount = DEFAULT_CORES, memoryInBytes } = execution
		if (coreCount > cpu) tooLarge.push(id)
		return {
			name: id,
			seconds: runtimeInSeconds / speed,
			cpuUnits: Math.min(Math.ceil(coreCount * 1000) / 1000, cpu),
			memoryMb: memoryInBytes === undefined ? DEFAULT_MEMORY_MB : Math.ceil(memoryInBytes / 2 ** 20),
			parents: [...new Set(parents)],
		}
	})
	if (tooLarge.length > 0) {
		const more = tooLarge.length > 3 ? ', …' : ''
		const which = tooLarge.length === 1 ? '1 task asks' : `${tooLarge.length} tasks ask`
		warn(`${which} for more cores than a worker has and gets ${cpu} cpu units: ${tooLarge.slice(0, 3).join(', ')}${more}`)
	}
	return steps
}
