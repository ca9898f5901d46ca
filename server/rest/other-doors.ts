/** What other doors answer, for the document alone. */
import { z } from 'zod'
import { json, operation, type Routes } from './operation.ts'

const graphqlRequest = z.object({
	query: z.string(),
	variables: z.record(z.string(), z.unknown()).nullish(),
	operationName: z.string().nullish(),
})
const graphqlAnswer = z
	.looseObject({ data: z.unknown().optional(), errors: z.array(z.unknown()).optional() })
	.meta({ id: 'GraphqlAnswer', description: 'As the GraphQL specification has it. The code of an error is `extensions.code`.' })

/** By `Accept`. */
const types = ['application/graphql-response+json', 'application/json']

export const otherDoors: Routes = {
	'/graphql': {
		post: operation({
			summary: 'The same by GraphQL',
			description: 'Its own schema tells what can be asked: `/graphiql` shows it.',
			tag: 'other doors',
			body: {
				whole: 'a GraphQL request',
				schema: graphqlRequest,
				examples: { queues: { query: '{ queues(first: 10) { nodes { queue readyCount } } }' } },
			},
			answers: {
				200: { ...json(graphqlAnswer, 'Data, and errors of parts of it.'), types },
				400: { ...json(graphqlAnswer, 'The request cannot be read, or asks for what there is not.'), types },
			},
			stores: false, // a full volume is one of its errors
		}),
	},
}
