/** What must hold of the calls of clients. */

import type { Rule } from './checker.ts'
import { groupBy } from './history.ts'

export const acknowledged: Rule = ({ calls }, facts) => {
	const jobs = new Map(facts.jobs.map((job) => [job.job_id, job]))
	return calls.flatMap(({ invoke, answer }) => {
		if (answer?.is !== 'ok') return []
		if (invoke.call === 'cancel')
			return answer.status === 'cancelled' && jobs.get(invoke.job!)?.status !== 'cancelled'
				? [`I1 job ${invoke.job} was cancelled and is ${jobs.get(invoke.job!)?.status ?? 'gone'}`]
				: []
		return invoke.tags.flatMap((tag, n) =>
			jobs.get(answer.ids[n]!)?.tag === tag ? [] : [`I1 job ${answer.ids[n]} was acknowledged for ${tag} and is not there`],
		)
	})
}

export const keys: Rule = ({ calls, tags }, facts) => {
	const stored = groupBy(
		facts.jobs.filter(({ tag }) => tag),
		({ tag }) => tag,
	)
	const answers = new Map<string, Set<string>>()
	for (const { invoke, answer } of calls)
		if (answer?.is === 'ok')
			for (const [n, tag] of invoke.tags.entries()) answers.set(tag, (answers.get(tag) ?? new Set()).add(answer.ids[n]!))
	return [...tags].flatMap(([tag, { asked }]) => {
		const count = stored.get(tag)?.length ?? 0
		const ids = answers.get(tag)?.size ?? 0
		return [
			...(count > 1 ? [`I8 ${tag} was asked for ${asked} times and is ${count} jobs`] : []),
			...(ids > 1 ? [`I8 ${tag} was answered with ${ids} jobs`] : []),
			...(count > 0 && tags.get(tag)!.refused === asked ? [`I8 ${tag} was refused each time and is there`] : []),
		]
	})
}

/** Deadlocks and the like say "again". A cancel may come too late. */
const PASSING = /deadlock|serialize/

export const refusals: Rule = ({ calls }) =>
	calls.flatMap(({ invoke, answer }) =>
		answer?.is === 'failed' && answer.refused && invoke.call !== 'cancel' && !PASSING.test(answer.error)
			? [`I8 a good call for ${invoke.tags[0]} was refused: ${answer.error}`]
			: [],
	)
