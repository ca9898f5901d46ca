/** `/workflows/:id/graph` and `/jobs/:id/graph`: what waits for what, as JSON or as Mermaid text. */
import type { Request } from 'express'
import { z } from 'zod'
import { callOne } from '../../db/calls.ts'
import type { Queryable } from '../../db/pool.ts'
import { condition } from './job.ts'
import { type Answer, type Given, type Handler, json, operation, type Routes } from './operation.ts'
import { idOf } from './params.ts'
import { enumeration } from './query.ts'
import { id, instant, isoInstant, jobStatus } from './shapes.ts'
import { shapeWorkflow, shownWorkflow, type WorkflowRow } from './workflow.ts'

const MERMAID = 'text/vnd.mermaid'

const graphQuery = z.strictObject({ format: enumeration(['json', 'mermaid']).optional().describe('Decides before `Accept`.') })
type GraphQuery = z.output<typeof graphQuery>

const node = z
	.strictObject({
		id,
		name: z.string().nullable(),
		type: z.string().nullable(),
		status: jobStatus.nullable().describe('Null for a job that has been deleted.'),
		reason: z.string().nullable(),
		attempt: z.int().nullable(),
		started_at: instant.nullable(),
		finished_at: instant.nullable(),
		seconds: z.number(),
		outside: z.boolean().describe('It is of another workflow.'),
		slack_seconds: z.number().nullable().describe('How much longer it could have taken; known once all have ended.'),
		critical: z.boolean().nullable(),
	})
	.meta({ id: 'GraphNode' })
const graph = z.strictObject({
	nodes: z.array(node),
	edges: z.array(z.strictObject({ from: id, to: id, condition, satisfied: z.boolean() })),
})

interface Node {
	started_at: string | null
	finished_at: string | null
}

const ofWorkflow: Handler<GraphQuery> = async (given) => {
	const { id } = given.params as { id: string }
	const workflow = await callOne<WorkflowRow>(given.db, 'getWorkflow', [id])
	return (await mermaid(given, id)) ?? { workflow: shapeWorkflow(workflow), ...(await readGraph(given.db, id)) }
}

const ofJob: Handler<GraphQuery> = async (given) => {
	const { id } = given.params as { id: string }
	await callOne(given.db, 'getJob', [id]) // the id of a workflow is none of a job
	return (await mermaid(given, id)) ?? (await readGraph(given.db, id))
}

/** The graph as text where that is what the caller wants, with its type. */
async function mermaid({ req, res, db, query }: Given<GraphQuery>, id: string): Promise<string | undefined> {
	const type = textTypeFor(req, query)
	res.vary('Accept')
	if (!type) return undefined
	const { mermaid } = await callOne<{ mermaid: string }>(db, 'graphMermaid', [id])
	res.type(`${type}; charset=utf-8`)
	return mermaid
}

/** `?format=` decides before `Accept`; who takes anything gets JSON. */
function textTypeFor(req: Request, { format }: GraphQuery): string | undefined {
	if (format === 'json') return undefined
	if (format === 'mermaid') return req.accepts([MERMAID, 'text/plain']) || MERMAID
	return [MERMAID, 'text/plain'].find((type) => type === req.accepts(['application/json', MERMAID, 'text/plain']))
}

async function readGraph(db: Queryable, id: string): Promise<object> {
	const { graph } = await callOne<{ graph: { nodes: Node[]; edges: unknown[] } }>(db, 'jobGraph', [id])
	const nodes = graph.nodes.map((node) => ({ ...node, started_at: isoInstant(node.started_at), finished_at: isoInstant(node.finished_at) }))
	return { nodes, edges: graph.edges }
}

const answer = (schema: z.ZodType): Answer => ({ ...json(schema, 'The graph.', 'Vary'), texts: [MERMAID, 'text/plain'] })
export const graphRoutes: Routes = {
	'/workflows/:id/graph': {
		get: operation({
			summary: 'The graph of a workflow',
			tag: 'workflows',
			params: { id: idOf('workflow') },
			query: graphQuery,
			answers: { 200: answer(graph.extend({ workflow: shownWorkflow })) },
			handle: ofWorkflow,
		}),
	},
	'/jobs/:id/graph': {
		get: operation({
			summary: 'All that a job depends on, and all that depends on it',
			tag: 'jobs',
			params: { id: idOf('job') },
			query: graphQuery,
			answers: { 200: answer(graph) },
			handle: ofJob,
		}),
	},
}
