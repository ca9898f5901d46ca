/** `/workflows/:id/graph` and `/jobs/:id/graph`: what waits for what, as JSON or as Mermaid text. */
import type { Request } from 'express'
import { z } from 'zod'
import { callOne } from '../../db/calls.ts'
import type { Queryable } from '../../db/pool.ts'
import { isoInstant } from './job.ts'
import { checkQuery, readQuery, text } from './query.ts'
import { type Given, type Handler, idOf, type Routes } from './routes.ts'
import { shapeWorkflow, type WorkflowRow } from './workflow.ts'

const MERMAID = 'text/vnd.mermaid'

const graphQuery = z.strictObject({ format: text.pipe(z.enum(['json', 'mermaid'])).optional() })

interface Node {
	started_at: string | null
	finished_at: string | null
}

export const graphRoutes: Routes = {
	'/workflows/:id/graph': { get: (given) => ofWorkflow(given) },
	'/jobs/:id/graph': { get: (given) => ofJob(given) },
}

const ofWorkflow: Handler = async (given) => {
	const id = idOf(given.params, 'workflow')
	const workflow = await callOne<WorkflowRow>(given.db, 'getWorkflow', [id])
	return (await mermaid(given, id)) ?? { workflow: shapeWorkflow(workflow), ...(await readGraph(given.db, id)) }
}

const ofJob: Handler = async (given) => {
	const id = idOf(given.params, 'job')
	await callOne(given.db, 'getJob', [id]) // the id of a workflow is none of a job
	return (await mermaid(given, id)) ?? (await readGraph(given.db, id))
}

/** The graph as text where that is what the caller wants, with its type. */
async function mermaid({ req, res, db }: Given, id: string): Promise<string | undefined> {
	const type = textTypeFor(req)
	res.vary('Accept')
	if (!type) return undefined
	const { mermaid } = await callOne<{ mermaid: string }>(db, 'graphMermaid', [id])
	res.type(`${type}; charset=utf-8`)
	return mermaid
}

/** `?format=` decides before `Accept`; who takes anything gets JSON. */
function textTypeFor(req: Request): string | undefined {
	const { format } = checkQuery(graphQuery, readQuery(req))
	if (format === 'json') return undefined
	if (format === 'mermaid') return req.accepts([MERMAID, 'text/plain']) || MERMAID
	return [MERMAID, 'text/plain'].find((type) => type === req.accepts(['application/json', MERMAID, 'text/plain']))
}

async function readGraph(db: Queryable, id: string): Promise<object> {
	const { graph } = await callOne<{ graph: { nodes: Node[]; edges: unknown[] } }>(db, 'jobGraph', [id])
	const nodes = graph.nodes.map((node) => ({ ...node, started_at: isoInstant(node.started_at), finished_at: isoInstant(node.finished_at) }))
	return { nodes, edges: graph.edges }
}
