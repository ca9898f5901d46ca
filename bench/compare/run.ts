/** What all rows are made of: a database with a client and warm workers, and what is measured around a piece of work. */
import { setTimeout as sleep } from 'node:timers/promises'
import { readServer, transactionsOf } from '../measure.ts'
import type { Cluster } from './cluster.ts'
import { Workers } from './processes.ts'
import type { Sample } from './results.ts'
import { type Client, payloads, type System } from './system.ts'

/** Jobs of a call. */
export const BULK = 1_000
/** A session tells of its transactions when the last time is a second ago. */
const TELL_MS = 1_100
const TELL_AT_END_MS = 200

export interface Scale {
	rounds: number
	/** Divides sizes and times: 1, or more for a look whether all works. */
	divisor: number
	snapshotSeconds: number
	/** 0 takes what each row says. */
	jobs: number
}

export interface Bench {
	cluster: Cluster
	systems: System[]
	scale: Scale
	progress(line: string): void
}

/** Measures `work`, which answers how many jobs it did; `cpu` answers the clients' cpu seconds so far. */
export async function measure(bench: Bench, cpu: () => Promise<number>, work: () => Promise<number>): Promise<Sample> {
	const { admin, postmaster } = bench.cluster
	const [ownBefore, before] = [await cpu(), await readServer(admin, postmaster)]
	const jobs = await work()
	const after = await readServer(admin, postmaster)
	const own = (await cpu()) - ownBefore
	return {
		jobs_per_second: (jobs * 1000) / (after.at - before.at),
		postgres_us: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / jobs,
		client_us: (own * 1e6) / jobs,
		wal_bytes: (after.walBytes - before.walBytes) / jobs,
	}
}

/** Adds the transactions a job of `work`, which must leave no session of that database open. */
export async function countTransactions(bench: Bench, database: string, jobs: number, work: () => Promise<Sample>): Promise<Sample> {
	const before = await transactionsOf(bench.cluster.admin, database)
	const sample = await work()
	return { ...sample, transactions: ((await transactionsLater(bench, database)) - before) / jobs }
}

/** When the sessions that have just ended have told of theirs. */
export async function transactionsLater(bench: Bench, database: string): Promise<number> {
	await sleep(TELL_AT_END_MS)
	return transactionsOf(bench.cluster.admin, database)
}

export const ownCpu = async (): Promise<number> => {
	const { user, system } = process.cpuUsage()
	return (user + system) / 1e6
}

/** Answers how often it had to look. */
export async function untilIdle(client: Client): Promise<number> {
	for (let looks = 1; ; looks++) {
		if (!(await client.isBusy())) return looks
		await sleep(2)
	}
}

export async function submitAll(client: Client, jobs: number): Promise<void> {
	for (let done = 0; done < jobs; done += BULK) await client.submitMany(payloads(Math.min(BULK, jobs - done), done))
}

export interface Crew {
	client: Client
	workers: Workers
}

/** A client and workers that have done some hundred jobs, so that no compiler and no connecting is measured; closed at the end. */
export async function withCrew<Result>(
	bench: Bench,
	{ system, database, workers: count }: { system: System; database: string; workers: number },
	what: (crew: Crew) => Promise<Result>,
): Promise<Result> {
	const url = bench.cluster.url(database)
	const workers = await Workers.start(system, url, count)
	try {
		const client = await system.connect(url, 1)
		try {
			for (const jobs of [300, 50]) {
				const { handled } = workers
				await submitAll(client, jobs)
				await workers.untilHandled(handled + jobs)
				await untilIdle(client)
				await sleep(TELL_MS)
			}
			return await what({ client, workers })
		} finally {
			await client.close()
		}
	} finally {
		await workers.stop()
	}
}

/** A database for one run: empty, or a copy of another. */
export async function withDatabase<Result>(
	bench: Bench,
	system: System,
	what: (database: string) => Promise<Result>,
	template?: string,
): Promise<Result> {
	const database = await bench.cluster.create(system, template)
	try {
		return await what(database)
	} finally {
		await bench.cluster.drop(database)
	}
}
