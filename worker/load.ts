/** What the machine really uses, whoever uses it: its cgroup's numbers where a cgroup limits it, else all of the machine's. */
import os from 'node:os'
import { readCgroup } from '../db/cgroup.ts'
import { machineCpuUnits, machineMemoryMb } from '../db/machine.ts'

/** `taskq.workers.load`, as heartbeats report it. */
export interface Load {
	/** Cpus in use, on average since the last time it was asked for. */
	cpu_units: number
	/** The same as a share of what there is: 0 to 1. */
	cpu_share: number
	memory_mb: number
	memory_share: number
	/** Of the whole machine, over 1, 5 and 15 minutes. */
	load_average: number[]
	/** Of the worker's process. */
	rss_mb: number
	heap_mb: number
}

const MB = 2 ** 20
const rounded = (value: number, digits = 3) => Math.round(value * 10 ** digits) / 10 ** digits

/** Measures from one call to the next. `root` is `/` but in tests. */
export class LoadMeter {
	readonly #root: string
	#last: { at: number; seconds: number }

	constructor(root = '/') {
		this.#root = root
		this.#last = this.#look()
	}

	read(): Load {
		const { memory } = readCgroup(this.#root)
		const now = this.#look()
		const elapsed = Math.max((now.at - this.#last.at) / 1000, 0.001)
		const cpuUnits = Math.max(now.seconds - this.#last.seconds, 0) / elapsed
		this.#last = now
		const isLimited = memory && memory.amount * MB < os.totalmem()
		const memoryMb = (isLimited ? memory.used() : undefined) ?? (os.totalmem() - os.freemem()) / MB
		const own = process.memoryUsage()
		return {
			cpu_units: rounded(cpuUnits),
			cpu_share: rounded(Math.min(cpuUnits / machineCpuUnits(this.#root), 1)),
			memory_mb: Math.round(memoryMb),
			memory_share: rounded(Math.min(memoryMb / machineMemoryMb(this.#root), 1)),
			load_average: os.loadavg().map((load) => rounded(load, 2)),
			rss_mb: Math.round(own.rss / MB),
			heap_mb: Math.round(own.heapUsed / MB),
		}
	}

	#look(): { at: number; seconds: number } {
		return { at: performance.now(), seconds: readCgroup(this.#root).cpu?.used() ?? machineCpuSeconds() }
	}
}

function machineCpuSeconds(): number {
	const busy = os.cpus().map(({ times }) => times.user + times.nice + times.sys + times.irq)
	return busy.reduce((sum, ms) => sum + ms, 0) / 1000
}
