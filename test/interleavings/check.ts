import type { Db } from '../support/db.ts'
import { readHistory } from './history.ts'
import type { Played } from './play.ts'
import { drain } from './theatre.ts'

/** What is wrong after these orders, with the order in which it went wrong. */
export async function breachesAfter(db: Db, batch: Played[], types: string[]): Promise<string[]> {
	const invariants = await db.breaches()
	const { rows: lost } = await db.query(`select worker_id from taskq_private.workers where status = 'lost'`)
	const { last } = await db.row('select max(event_id) as last from taskq_private.job_events')
	const stuck = await drain(db, types)
	const found = [
		...invariants,
		...(await db.breaches()).map((breach) => `${breach}, when all had been run`),
		...stuck.map((id) => `job ${id} does not come to an end`),
		...(await breachesOfHistory(db, batch, Number(last))),
		...batch.flatMap(({ scene }) => breachesOfAnswers(scene, new Set(lost.map(({ worker_id }) => worker_id)))),
	]
	return found.map((breach) => {
		const played = batch.find(({ scene }) =>
			[scene.type, ...Object.values(scene.jobs), ...Object.values(scene.workers)].some((name) => breach.includes(name)),
		)
		return played ? `${named(breach, played)}\n  ${played.turns.join('\n  ')}` : breach
	})
}

/** With the names of the scenario for ids. */
const named = (breach: string, { scene }: Played): string =>
	[...Object.entries(scene.jobs), ...Object.entries(scene.workers)].reduce((text, [name, id]) => text.replaceAll(id, `"${name}"`), breach)

/** What callers were told about one scene, apart from what became of its jobs. */
function breachesOfAnswers({ type, keys, alive, workers }: Played['scene'], lost: Set<string>): string[] {
	return [
		...Object.entries(keys).flatMap(([key, ids]) =>
			ids.size === 1 ? [] : [`key ${key} of ${type} was answered with ${[...ids].join(' and ')}`],
		),
		...[...alive].filter((name) => lost.has(workers[name]!)).map((name) => `worker ${workers[name]} was told it lives, and then lost`),
	]
}

async function breachesOfHistory(db: Db, batch: Played[], limitedTo: number): Promise<string[]> {
	const history = await readHistory(
		db,
		batch.map(({ scene }) => scene),
		limitedTo,
	)
	const places = await db.rows<{ job_id: string; status: string }>('select job_id, status from taskq_private.places')
	const executions = await db.rows<{ job_id: string; claim_id: string; outcome: string }>(
		'select job_id, claim_id, outcome from taskq.job_executions',
	)
	const executionsOf = Map.groupBy(executions, ({ job_id }) => job_id)
	const found = history.breaches.map(([job, breach]) => `job ${job}: ${breach}`)
	for (const { job_id, status } of places) {
		const told = history.jobs.get(job_id)
		const count = executionsOf.get(job_id)?.length ?? 0
		if (told?.state !== status) found.push(`job ${job_id} is ${status}, and its events end with ${told?.state}`)
		if (told?.starts !== count) found.push(`job ${job_id} started ${told?.starts} times and has ${count} attempts`)
	}
	for (const { acks } of batch) {
		const seen = new Set<string>()
		for (const { claim_id, job_id, outcome } of acks) {
			if (seen.size === seen.add(`${claim_id} ${job_id}`).size) found.push(`job ${job_id}: two ends of claim ${claim_id} were accepted`)
			const kept = executionsOf.get(job_id)?.filter((one) => one.claim_id === claim_id) ?? []
			if (kept.length !== 1 || kept[0]!.outcome !== outcome)
				if (places.some((place) => place.job_id === job_id))
					found.push(`job ${job_id}: ${outcome} was accepted, and is kept as ${kept.map((one) => one.outcome).join(', ') || 'nothing'}`)
		}
	}
	return found
}
