import { type Job, type Machine, Room, type Scheduler, type Started } from './simulate-jobs.ts'

/** First come, first served, strictly: whoever is first in line and has no room holds up all others. */
export function firstComeFirstServed(machine: Machine): Scheduler {
	const room = new Room(machine)
	const line: Job[] = []
	return {
		step(_now, submitted, ended) {
			for (const placement of ended) room.give(placement)
			line.push(...submitted)
			return takeHeads(line, room)
		},
	}
}

/** Starts the first in line as long as there is room for it. */
export function takeHeads(line: Job[], room: Room): Started[] {
	const started: Started[] = []
	for (;;) {
		const worker = line.length > 0 ? room.find(line[0]!) : -1
		if (worker < 0) return started
		const start = { job: line.shift()!, worker }
		room.take(start)
		started.push(start)
	}
}
