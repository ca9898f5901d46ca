/** `npm run soak -- --minutes N`: mixed load, a random fault each minute, and whether anything drifts. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { memorySlopes, type Sample, sample, type Third, thirdOf } from './drift.ts'
import { kill, pause } from './nemesis.ts'
import { killBackend, restart, terminate } from './rows/postgres.ts'
import { burst, idleHolder, readers } from './rows/pressure.ts'
import { Storm } from './storm.ts'
import { finish, LONG } from './trial.ts'

const SAMPLE_MS = 5_000
const MINUTE = 60_000

/** The first worker is left alone: its memory is followed from beginning to end. */
const faults: Record<string, (storm: Storm) => Promise<void>> = {
	'SIGKILL of a worker': (storm) => kill(storm, 1),
	'SIGKILL of two workers': async (storm) => void (await Promise.all([kill(storm, 1), kill(storm, 2)])),
	'SIGSTOP of a worker': (storm) => pause(storm, 2, 17),
	'restarts of PostgreSQL': (storm) => restart.fault(storm, 8),
	'ended sessions': (storm) => terminate.fault(storm, 10),
	'kill -9 of a backend': (storm) => killBackend.fault(storm, 5),
	'an idle transaction': (storm) => idleHolder.fault(storm, 20),
	'repeatable readers': (storm) => readers.fault(storm, 20),
	'a burst': (storm) => burst.fault(storm, 5),
}

function readOptions(): { minutes: number; rate: number } {
	try {
		const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, rate: { type: 'string', default: '50' } } })
		const [minutes, rate] = [Number(values.minutes), Number(values.rate)]
		if (!(minutes > 0) || !(rate > 0)) throw new Error('--minutes and --rate take numbers above 0')
		return { minutes, rate }
	} catch (error) {
		console.error(`${(error as Error).message}\nnpm run soak -- [--minutes N] [--rate N]: how long (10), and jobs a second (50)`)
		process.exit(2)
	}
}

/** Faults, one a minute and each kind once before any comes again, until the time is over. */
async function harm(storm: Storm, until: number): Promise<void> {
	for (let bag: string[] = []; Date.now() < until; ) {
		const next = Date.now() + MINUTE
		if (bag.length === 0) bag = Object.keys(faults).sort(() => Math.random() - 0.5)
		const name = bag.pop()!
		console.error(`${new Date().toISOString().slice(11, 19)} ${name}`)
		await faults[name]!(storm)
		await sleep(Math.max(0, Math.min(next, until) - Date.now()))
	}
}

async function watch(storm: Storm, until: number): Promise<Sample[]> {
	const samples: Sample[] = []
	for (; Date.now() < until; await sleep(SAMPLE_MS)) samples.push(await sample(storm))
	return samples
}

const third = ({ rate, p50, p99 }: Third) => `${rate.toFixed(1)}/s, waited p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`

async function soak(storm: Storm, minutes: number): Promise<boolean> {
	storm.setRate(storm.rate)
	await sleep(5_000)
	const from = Date.now()
	const until = from + minutes * MINUTE
	const [samples] = await Promise.all([watch(storm, until), harm(storm, until)])
	const length = (until - from) / 3000
	const [first, last] = await Promise.all(
		[0, 2].map((n) => thirdOf(storm.database, from / 1000 + n * length, from / 1000 + (n + 1) * length)),
	)
	const { facts, breaches } = await finish(storm, LONG.limit)

	console.log(`first third  ${third(first!)}`)
	console.log(`last third   ${third(last!)}`)
	console.log(`dead rows    at most ${Math.max(...samples.map(({ dead }) => dead))} in a table, ${samples.at(-1)!.dead} at the end`)
	for (const [name, perHour] of memorySlopes(samples))
		console.log(
			`memory       ${name}: ${samples.at(-1)!.memory.get(name)!.toFixed(0)} MB, ${perHour >= 0 ? '+' : ''}${perHour.toFixed(1)} MB/h`,
		)
	console.log(`jobs         ${facts.jobs.length}, breaches ${breaches.length}`)
	for (const breach of breaches.slice(0, 20)) console.log(`! ${breach}`)
	return breaches.length === 0
}

const { minutes, rate } = readOptions()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1)) // what is at work ends with us
const storm = await Storm.start({ rate, workers: 3, leaseSeconds: 15 })
const isSound = await soak(storm, minutes).finally(() => storm.end())
process.exit(isSound ? 0 : 1)
