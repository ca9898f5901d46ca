/** What must hold of jobs and of those who ran them. */
import type { Rule } from './checker.ts'
import type { Execution, Facts } from './facts.ts'
import { groupBy } from './history.ts'

const executionsByJob = ({ executions }: Facts): Map<string, Execution[]> => groupBy(executions, ({ job_id }) => job_id)

const FINAL = ['completed', 'failed', 'cancelled']

export const final: Rule = (_, { jobs }) =>
	jobs.filter(({ status }) => !FINAL.includes(status)).map(({ job_id, status }) => `I2 job ${job_id} is ${status} and not at an end`)

export const told: Rule = ({ told }, { jobs }) =>
	jobs
		.filter(({ job_id, status }) => FINAL.includes(status) && !told.has(job_id))
		.map(({ job_id, status }) => `I10 job ${job_id} is ${status}, and the stream has not told of it`)

export const oneOutcome: Rule = (_, facts) => {
	const executions = executionsByJob(facts)
	const places = groupBy(facts.jobs, ({ job_id }) => job_id)
	return [...places].flatMap(([id, rows]) => {
		const completed = (executions.get(id) ?? []).filter(({ outcome }) => outcome === 'completed').length
		return [
			...(rows.length > 1 ? [`I3 job ${id} has ended ${rows.length} times`] : []),
			...(completed === Number(rows[0]!.status === 'completed')
				? []
				: [`I3 job ${id} is ${rows[0]!.status} and has ${completed} completions`]),
		]
	})
}

export const claims: Rule = ({ starts, stopped }, facts) => {
	const breaches: string[] = []
	for (const [id, executions] of executionsByJob(facts)) {
		const inTime = executions.toSorted((a, b) => a.started - b.started)
		for (const [n, { claim_id }] of inTime.entries())
			if (n > 0 && BigInt(claim_id) <= BigInt(inTime[n - 1]!.claim_id))
				breaches.push(`I4 job ${id} was claimed as ${claim_id} after ${inTime[n - 1]!.claim_id}`)
	}
	for (const [id, steps] of starts) {
		const inTime = steps.filter(({ worker, claim }) => claim && !stopped.has(worker)).toSorted((a, b) => a.t - b.t)
		for (const [n, { claim }] of inTime.entries())
			if (n > 0 && inTime[n - 1]!.t < inTime[n]!.t && BigInt(claim) <= BigInt(inTime[n - 1]!.claim))
				breaches.push(`I4 job ${id} was started for claim ${claim} after ${inTime[n - 1]!.claim}`)
	}
	return breaches
}

/** Who ended a job had come to its end: a claim says nothing for another. */
export const ownOutcomes: Rule = ({ starts, ends }, { executions, effects }) => {
	const ended = new Map([...ends.values()].flat().map(({ job, claim, t }) => [`${job} ${claim}`, t]))
	const started = new Set([...starts.values()].flat().map(({ job, claim }) => `${job} ${claim}`))
	const wrote = new Map(effects.map(({ job_id, claim_id }) => [job_id, claim_id]))
	return executions.flatMap(({ job_id, claim_id, outcome, ended: at }) => {
		if (outcome !== 'completed') return []
		const wroteAs = wrote.get(job_id)
		if (wroteAs !== undefined)
			return wroteAs === claim_id ? [] : [`I4 job ${job_id} was completed for claim ${claim_id} by that of ${wroteAs}`]
		const key = `${job_id} ${claim_id}`
		const isDone = (ended.get(key) ?? Number.POSITIVE_INFINITY) <= at!
		return isDone
			? []
			: [`I4 job ${job_id} was completed for claim ${claim_id}, whose handler had ${started.has(key) ? 'not ended' : 'not started'}`]
	})
}

export const effects: Rule = ({ committed }, facts) => {
	const rows = groupBy(facts.effects, ({ job_id }) => job_id)
	return facts.jobs.flatMap(({ job_id, type, status }) => {
		const count = rows.get(job_id)?.length ?? 0
		const due = Number(type === 'effect' && status === 'completed')
		return [
			...(count === due ? [] : [`I5 job ${job_id} is ${status} and has ${count} effects`]),
			...(committed.has(job_id) && status !== 'completed' ? [`I5 job ${job_id} completed itself and is ${status}`] : []),
		]
	})
}

export const held: Rule = (_, facts) => [
	...(facts.held > 0 ? [`I6 ${facts.held} jobs are still in claims`] : []),
	...facts.invariants.map((breach) => `I6 ${breach}`),
]

export const order: Rule = ({ starts }, facts) => {
	const jobs = new Map(facts.jobs.map((job) => [job.job_id, job]))
	const executions = executionsByJob(facts)
	return facts.edges.flatMap(({ job_id, depends_on_id, condition }) => {
		const attempts = executions.get(job_id) ?? []
		const parent = jobs.get(depends_on_id)
		if (attempts.length === 0) return []
		const suits = { success: ['completed'], failure: ['failed', 'cancelled'], finished: FINAL }[condition]
		if (!parent || !suits.includes(parent.status))
			return [`I7 job ${job_id} ran and its parent ${depends_on_id} is ${parent?.status ?? 'gone'}`]
		const begun = [...attempts.map(({ started }) => started), ...(starts.get(job_id) ?? []).map(({ t }) => t + 1)] // t is cut to the millisecond
		const early = parent.finished! - Math.min(...begun)
		return early > 0 ? [`I7 job ${job_id} ran ${early.toFixed(3)} ms before its parent ${depends_on_id} had ended`] : []
	})
}

export const repeats: Rule = ({ starts, harmed }, facts) => {
	const breaches: string[] = []
	const known = new Set(facts.executions.map(({ job_id, claim_id }) => `${job_id} ${claim_id}`))
	for (const [id, steps] of starts)
		for (const [claim, same] of groupBy(
			steps.filter((step) => step.claim),
			(step) => step.claim,
		)) {
			if (same.length > 1) breaches.push(`I9 job ${id} was started ${same.length} times for claim ${claim}`)
			if (!known.has(`${id} ${claim}`)) breaches.push(`I9 job ${id} was started for claim ${claim}, of which the database knows nothing`)
		}
	for (const { job_id, claim_id, outcome, worker } of facts.executions)
		if (outcome === 'lost' && !harmed(worker))
			breaches.push(`I9 job ${job_id} was lost with claim ${claim_id} of ${worker}, which nobody harmed`)
	return breaches
}
