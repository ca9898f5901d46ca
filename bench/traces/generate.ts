/** `npm run -s simulate:trace > bench/traces/small.swf`: a made-up trace of a machine that is busy by day, the same at each call. */

const PROCESSORS = 64
const DAY = 86_400
/** No job runs longer, or may ask to. */
const LONGEST = 4 * 3600
/** Powers of two, as people ask for them, and most are small. */
const SIZES = [1, 2, 4, 8, 16, 32, 64]
/** The part of the jobs that are at most so large. */
const AT_MOST = [0.26, 0.42, 0.62, 0.8, 0.94, 0.99, 1]
/** Of each processor. */
const MEMORY_KB = [524_288, 1_048_576, 2_097_152]

type Random = () => number

/** Mulberry32: small, and the same everywhere. */
function makeRandom(seed: number): Random {
	let state = seed
	return () => {
		state = (state + 0x6d2b79f5) | 0
		let mixed = Math.imul(state ^ (state >>> 15), state | 1)
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
	}
}

interface Drawn {
	run: number
	requested: number
	processors: number
	memoryKb: number
	user: number
}

/** Run times are log-normal with a median of 6 minutes; people ask for up to ten times what they need, in whole minutes. */
function drawJob(random: Random): Drawn {
	const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
	const run = Math.round(Math.min(Math.max(360 * Math.exp(1.5 * normal), 10), LONGEST))
	const requested = Math.min(Math.ceil(run / (0.1 + 0.9 * random()) / 60) * 60, LONGEST)
	const drawn = random()
	const processors = SIZES[AT_MOST.findIndex((part) => drawn < part)]!
	return { run, requested, processors, memoryKb: MEMORY_KB[Math.floor(random() * 3)]!, user: 1 + Math.floor(random() * 20) }
}

/** Three times as many come at two in the afternoon as at two at night. */
function drawSubmit(random: Random, span: number): number {
	for (;;) {
		const second = Math.floor(random() * span)
		if (random() * 1.5 < 1 - 0.5 * Math.cos((2 * Math.PI * (second - 7200)) / DAY)) return second
	}
}

export interface TraceOptions {
	jobs?: number
	/** The part of the machine that they would keep busy if they came evenly. */
	load?: number
	/** Another seed makes another trace of the same kind. */
	seed?: number
}

/** A trace in the Standard Workload Format. The same options make the same text, byte for byte. */
export function makeTrace({ jobs: count = 1000, load = 0.9, seed = 20_260_101 }: TraceOptions = {}): string {
	const random = makeRandom(seed)
	const jobs = Array.from({ length: count }, () => drawJob(random))
	const span = jobs.reduce((sum, { run, processors }) => sum + run * processors, 0) / (PROCESSORS * load)
	const submits = jobs.map(() => drawSubmit(random, span)).sort((a, b) => a - b)
	const lines = jobs.map(({ run, requested, processors, memoryKb, user }, n) =>
		[n + 1, submits[n], -1, run, processors, -1, -1, processors, requested, memoryKb, 1, user, 1, -1, 1, 1, -1, -1].join(' '),
	)
	return `${[...header(count), ...lines].join('\n')}\n`
}

const header = (jobs: number): string[] => [
	'; Version: 2.2',
	'; Computer: none, made by bench/traces/generate.ts',
	`; MaxJobs: ${jobs}`,
	`; MaxRecords: ${jobs}`,
	'; UnixStartTime: 1767225600',
	'; TimeZoneString: UTC',
	`; MaxNodes: ${PROCESSORS}`,
	`; MaxProcs: ${PROCESSORS}`,
	`; MaxRuntime: ${LONGEST}`,
	'; MaxQueues: 1',
	'; Note: wait times are unknown: nothing ever ran this',
]

if (import.meta.main) process.stdout.write(makeTrace())
