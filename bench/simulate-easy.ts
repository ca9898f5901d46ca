import { takeHeads } from './simulate-fcfs.ts'
import { type Job, type Machine, Room, type Scheduler, type Started } from './simulate-jobs.ts'

/** When and where the first in line will have room at the latest, and what is left beside it then. */
interface Shadow {
	worker: number
	at: number
	processors: number
	memoryMb: number
}

interface Running extends Started {
	expectedEnd: number
}

/**
 * EASY backfill (Lifka 1995; Mu'alem and Feitelson 2001): the first in line has a reservation, by the times that jobs are
 * expected to take, and others start before it if that does not delay it.
 */
export function easyBackfill(machine: Machine): Scheduler {
	const room = new Room(machine)
	const line: Job[] = []
	const running = new Map<Job, Running>()
	return {
		step(now, submitted, ended) {
			for (const placement of ended) {
				room.give(placement)
				running.delete(placement.job)
			}
			line.push(...submitted)
			const started = takeHeads(line, room)
			for (const start of started) running.set(start.job, { ...start, expectedEnd: now + start.job.expected })
			if (line.length < 2) return started
			const beside = backfill(now, line, room, shadowOf(now, line[0]!, [...running.values()], room))
			for (const start of beside) running.set(start.job, { ...start, expectedEnd: now + start.job.expected })
			return [...started, ...beside]
		},
	}
}

/** The earliest over all workers. A job that runs longer than expected is taken to end now. */
export function shadowOf(now: number, head: Job, running: Running[], room: Room): Shadow {
	const shadows = room.free.flatMap((free, worker): Shadow[] => {
		const ends = running.filter((job) => job.worker === worker).sort((a, b) => a.expectedEnd - b.expectedEnd)
		let { processors, memoryMb } = free
		let at = now
		for (const { job, expectedEnd } of ends) {
			// all that end at that instant leave room beside it
			if (processors >= head.processors && memoryMb >= head.memoryMb && expectedEnd > at) break
			at = Math.max(now, expectedEnd)
			processors += job.processors
			memoryMb += job.memoryMb
		}
		const extra = { processors: processors - head.processors, memoryMb: memoryMb - head.memoryMb }
		return extra.processors < 0 || extra.memoryMb < 0 ? [] : [{ worker, at, ...extra }]
	})
	return shadows.reduce((first, shadow) => (shadow.at < first.at ? shadow : first))
}

/** Takes from the line, in its order, what has room now and will have ended by then or fits beside the first. */
function backfill(now: number, line: Job[], room: Room, shadow: Shadow): Started[] {
	const started: Started[] = []
	const wait = line.splice(0).filter((job, place) => {
		if (place === 0) return true
		const worker = room.free.findIndex((_, n) => room.fits(n, job) && (n !== shadow.worker || goesBeside(now, job, shadow)))
		if (worker < 0) return true
		const start = { job, worker }
		if (worker === shadow.worker && now + job.expected > shadow.at) {
			shadow.processors -= job.processors
			shadow.memoryMb -= job.memoryMb
		}
		room.take(start)
		started.push(start)
		return false
	})
	line.push(...wait)
	return started
}

const goesBeside = (now: number, job: Job, shadow: Shadow): boolean =>
	now + job.expected <= shadow.at || (job.processors <= shadow.processors && job.memoryMb <= shadow.memoryMb)
