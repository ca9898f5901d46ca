import type pg from 'pg'
import { makePgService } from 'postgraphile/adaptors/pg'
import type {} from 'postgraphile/grafserv/express/v4'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { type Caller, settingsOf } from '../database.ts'
import { maskError } from './errors.ts'
import { Exposure, Names } from './exposure.ts'
import { Limits } from './limits.ts'
import { Pages } from './pages.ts'
import { Submitters } from './submitters.ts'

const STATEMENT_TIMEOUT = '5s'
const MAX_REQUEST_BYTES = 2 * 2 ** 20

export interface PresetOptions {
	pool: pg.Pool
	callerOf: (req: object) => Caller
}

/** The GraphQL schema over schema `taskq`: read, submit and steer, each request in its caller's role. */
export const makePreset = ({ pool, callerOf }: PresetOptions): GraphileConfig.Preset => ({
	extends: [PostGraphileAmberPreset],
	plugins: [Exposure, Names, Pages, Limits, Submitters],
	disablePlugins: ['NodePlugin', 'QueryQueryPlugin', 'MutationPayloadQueryPlugin'],
	pgServices: [
		makePgService({
			pool,
			schemas: ['taskq'],
			pubsub: false,
			pgSettings({ expressv4 }) {
				return { ...settingsOf(callerOf(expressv4!.req), 'graphql'), statement_timeout: STATEMENT_TIMEOUT }
			},
		}),
	],
	gather: { pgStrictFunctions: true },
	schema: { defaultBehavior: '-insert -update -delete -filter -order -orderBy -condition', dontSwallowErrors: true },
	grafast: { timeouts: { planning: 1_000, execution: 10_000 } },
	grafserv: {
		graphqlPath: '/graphql',
		graphiqlPath: '/graphiql',
		graphiqlStaticPath: '/graphiql-static/',
		graphiql: true,
		graphiqlOnGraphQLGET: false,
		websockets: false,
		watch: false,
		maxRequestLength: MAX_REQUEST_BYTES,
		maskError,
	},
})
