import type { Step } from './workflow-file.ts'
import { rounded, type Workers } from './workflow-plan.ts'

/** What the database says of a job in the end. Instants are milliseconds since 1970. */
export interface Ended {
	name: string
	status: string
	/** Why it did not complete, where that is known. */
	why: string | null
	/** When its handler began and ended, as it says itself. */
	ran: { beganAt: number; endedAt: number } | null
}

/** One time that a worker held a job: from the event of its claim to the event of its end, which is in the order of things. */
export interface Held {
	name: string
	workerId: string
	fromEvent: number
	/** Infinite while it is held. */
	toEvent: number
	startedAt: number
	/** Null while it runs. */
	endedAt: number | null
	completed: boolean
}

export interface RunRecord {
	/** When the graph had been stored. */
	submittedAt: number
	jobs: Ended[]
	held: Held[]
}

export interface Capacity extends Workers {
	/** Memory of each. */
	memoryMb: number
}

/** The most that was held at any instant. */
export interface Peaks {
	cpuOfOne: number
	memoryOfOne: number
	cpuOfAll: number
	memoryOfAll: number
}

const list = (texts: string[]): string => texts.slice(0, 3).join('; ') + (texts.length > 3 ? `; and ${texts.length - 3} more` : '')

/** A sentence on the jobs that did not complete, or null. */
export function checkCompleted(steps: Step[], { jobs }: RunRecord): string | null {
	const byName = new Map(jobs.map((job) => [job.name, job]))
	const faults = steps.flatMap(({ name }) => {
		const job = byName.get(name)
		if (!job) return [`${name} is not in the database`]
		return job.status === 'completed' ? [] : [`${name} is ${job.status}${job.why ? ` (${job.why})` : ''}`]
	})
	return faults.length > 0 ? `${faults.length} of ${steps.length} jobs did not complete: ${list(faults)}.` : null
}

/**
 * A sentence on the jobs that started before a parent had finished, or null. Asked of the order of events, of the times in the
 * database, and of the handlers themselves.
 */
export function checkOrder(steps: Step[], record: RunRecord): string | null {
	const held = new Map<string, Held[]>()
	for (const one of record.held) held.set(one.name, [...(held.get(one.name) ?? []), one])
	const ran = new Map(record.jobs.map((job) => [job.name, job.ran]))
	const faults = steps.flatMap(({ name, parents }) =>
		parents.flatMap((parent) => {
			const end = held.get(parent)?.find(({ completed }) => completed)
			for (const start of held.get(name) ?? []) {
				if (!end) return [`${name} started, and its parent ${parent} never finished`]
				if (start.fromEvent <= end.toEvent)
					return [`${name} was claimed at event ${start.fromEvent}, its parent ${parent} ended at ${end.toEvent}`]
				if (start.startedAt < end.endedAt!)
					return [`${name} started ${end.endedAt! - start.startedAt} ms before its parent ${parent} ended`]
			}
			const [child, before] = [ran.get(name), ran.get(parent)]
			if (child && before && child.beganAt < before.endedAt)
				return [`the handler of ${name} began ${(before.endedAt - child.beganAt).toFixed(1)} ms before that of its parent ${parent} ended`]
			return []
		}),
	)
	return faults.length > 0 ? `${faults.length} times a job started before its parent had finished: ${list(faults)}.` : null
}

/** A sentence on the workers that held more than they have, or null. */
export function checkCapacity(steps: Step[], record: RunRecord, { workers, cpu, memoryMb }: Capacity): string | null {
	const faults: string[] = []
	const { cpuOfAll, memoryOfAll } = sweep(steps, record, (workerId, event, held) => {
		if (held.cpu > cpu) faults.push(`worker ${workerId} held ${held.cpu} of ${cpu} cpu units at event ${event}`)
		if (held.memory > memoryMb) faults.push(`worker ${workerId} held ${held.memory} of ${memoryMb} MB at event ${event}`)
	})
	if (cpuOfAll > workers * cpu) faults.push(`all together held ${cpuOfAll} of ${workers * cpu} cpu units`)
	if (memoryOfAll > workers * memoryMb) faults.push(`all together held ${memoryOfAll} of ${workers * memoryMb} MB`)
	return faults.length > 0 ? `more was held than there is, ${faults.length} times: ${list(faults)}.` : null
}

/** Seconds from when the graph had been stored to the end of the last job. */
export const makespanOf = ({ submittedAt, held }: RunRecord): number =>
	(held.reduce((latest, { endedAt }) => Math.max(latest, endedAt ?? 0), submittedAt) - submittedAt) / 1000

export const findPeaks = (steps: Step[], record: RunRecord): Peaks => sweep(steps, record)

type OnHeld = (workerId: string, event: number, held: { cpu: number; memory: number }) => void

/** Goes through claims and ends in the order of their events. A claim ahead holds capacity from its event on, whenever it runs. */
function sweep(steps: Step[], record: RunRecord, onHeld: OnHeld = () => {}): Peaks {
	const byName = new Map(steps.map((step) => [step.name, step]))
	const changes = record.held.flatMap(({ name, workerId, fromEvent, toEvent }) => {
		const { cpuUnits, memoryMb } = byName.get(name)!
		return [
			{ event: fromEvent, workerId, cpu: cpuUnits, memory: memoryMb },
			{ event: toEvent, workerId, cpu: -cpuUnits, memory: -memoryMb },
		]
	})
	changes.sort((a, b) => a.event - b.event || a.cpu - b.cpu)
	const all = { cpu: 0, memory: 0 }
	const byWorker = new Map<string, typeof all>()
	const peaks: Peaks = { cpuOfOne: 0, memoryOfOne: 0, cpuOfAll: 0, memoryOfAll: 0 }
	for (const { event, workerId, cpu, memory } of changes) {
		const one = byWorker.get(workerId) ?? { cpu: 0, memory: 0 }
		byWorker.set(workerId, one)
		for (const held of [one, all]) {
			held.cpu = rounded(held.cpu + cpu)
			held.memory += memory
		}
		peaks.cpuOfOne = Math.max(peaks.cpuOfOne, one.cpu)
		peaks.memoryOfOne = Math.max(peaks.memoryOfOne, one.memory)
		peaks.cpuOfAll = Math.max(peaks.cpuOfAll, all.cpu)
		peaks.memoryOfAll = Math.max(peaks.memoryOfAll, all.memory)
		if (cpu > 0) onHeld(workerId, event, one)
	}
	return peaks
}
