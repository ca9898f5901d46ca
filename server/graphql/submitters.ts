/** The jobs of `submitJobs` and `submitEach` are JSON, so what other doors see to by their fields is seen to here: who created them. */
import { context, sideEffect } from 'postgraphile/grafast'
import { type PlanWrapperFn, wrapPlans } from 'postgraphile/utils'
import { refuseCreator } from '../rest/job-request.ts'

/** Throws a Problem for a job that names its creator when the caller, who is that, has a name. */
function checkCreators(graph: unknown, caller: string | undefined): void {
	const jobs: unknown = Array.isArray(graph) ? graph : (graph as { jobs?: unknown } | null)?.jobs
	if (!caller) return
	if ((graph as { workflow?: { created_by?: unknown } | null } | null)?.workflow?.created_by != null)
		throw refuseCreator('workflow.created_by')
	if (!Array.isArray(jobs)) return
	for (const [position, job] of jobs.entries())
		if ((job as { created_by?: unknown } | null)?.created_by != null) throw refuseCreator(`jobs[${position}].created_by`)
}

const checked =
	(field: string): PlanWrapperFn =>
	(plan, _source, fieldArgs) => {
		const settings = context().get('pgSettings')
		sideEffect([fieldArgs.getRaw(['input', field]), settings], ([graph, given]) => checkCreators(graph, given?.['taskq.caller']))
		return plan()
	}

export const Submitters: GraphileConfig.Plugin = wrapPlans({
	Mutation: {
		submitJobs: checked('jobs'),
		submitEach: checked('requests'),
	},
})
