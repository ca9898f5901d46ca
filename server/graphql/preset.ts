import type pg from 'pg'
import { makePgService } from 'postgraphile/adaptors/pg'
import type {} from 'postgraphile/grafserv/express/v4'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import type { Log } from '../../db/log.ts'
import { type Caller, settingsOf } from '../database.ts'
import { MAX_REQUEST_BYTES } from './body.ts'
import { makeMaskError, makeNamedErrors } from './errors.ts'
import { Exposure, Names } from './exposure.ts'
import { JobRequests } from './job-requests.ts'
import { makeLimits } from './limits.ts'
import { Lists } from './lists.ts'
import { Pages } from './pages.ts'
import { Priorities } from './priorities.ts'
import { ruru } from './ruru.ts'
import { Subscriptions } from './subscriptions.ts'

const STATEMENT_TIMEOUT = '5s'
/** Everything here is looked up by id or paged by an index, so no statistics, however old, make a scan of a whole table right. */
const PLANS = { enable_seqscan: 'off', jit: 'off' }

export interface PresetOptions {
	pool: pg.Pool
	callerOf: (req: object) => Caller
	log: Log
}

/** The GraphQL schema over schema `taskq`: read, submit and steer, each request in its caller's role. */
export function makePreset({ pool, callerOf, log }: PresetOptions): GraphileConfig.Preset {
	const maskError = makeMaskError(log)
	return {
		extends: [PostGraphileAmberPreset, Lists, Priorities, JobRequests],
		plugins: [Exposure, Names, Pages, makeLimits(), makeNamedErrors(maskError), Subscriptions],
		disablePlugins: ['NodePlugin', 'QueryQueryPlugin', 'MutationPayloadQueryPlugin'],
		pgServices: [
			makePgService({
				pool,
				schemas: ['taskq'],
				pubsub: false,
				pgSettings({ expressv4, ws }) {
					const caller = callerOf(expressv4?.req ?? ws!.request)
					return { ...settingsOf(caller, 'graphql'), ...PLANS, statement_timeout: STATEMENT_TIMEOUT }
				},
			}),
		],
		gather: { pgStrictFunctions: true },
		schema: { defaultBehavior: '-insert -update -delete -filter -order -orderBy -condition', dontSwallowErrors: true },
		grafast: { timeouts: { planning: 1_000, execution: 10_000 } },
		ruru,
		grafserv: {
			graphqlPath: '/graphql',
			graphiqlPath: '/graphiql',
			graphiqlStaticPath: '/graphiql-static/',
			graphiql: true,
			graphiqlOnGraphQLGET: false,
			websockets: true, // GraphiQL is told; who serves them is socket.ts
			watch: false,
			maxRequestLength: MAX_REQUEST_BYTES,
			maskError,
		},
	}
}
