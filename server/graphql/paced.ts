/** Subscriptions as graphql-ws wants them: opened by their field, worked on at the pace at which they are read. */
import type { IncomingMessage } from 'node:http'
import { type ExecutionArgs, type ExecutionResult, GraphQLError, getOperationAST, OperationTypeNode } from 'postgraphile/graphql'
import { call } from '../../db/calls.ts'
import type { Caller, Database } from '../database.ts'
import { invalid, type Problem } from '../problem.ts'
import type { Hub } from '../stream/hub.ts'
import { refuseTopics } from '../stream/scope.ts'
import { extensionsOf } from './errors.ts'
import { Feed } from './feed.ts'
import type { Subscribing } from './subscriptions.ts'

export interface FeedSources {
	database: Database
	hub: Hub
	/** Whose request it is. */
	callers: WeakMap<object, Caller>
}

export type Args = ExecutionArgs & { contextValue: object; resolvedPreset: GraphileConfig.ResolvedPreset; feed?: Feed }

function eventId(since: string | null): number | null {
	if (since === null) return null
	if (!/^\d{1,15}$/.test(since)) throw invalid('since', 'since must be the id of an event')
	return Number(since)
}

/** A subscription lives on, so it has no time limit but those of its statements; its feed is opened by its field. */
export function withFeed(args: Args, request: IncomingMessage, { database, hub, callers }: FeedSources): Args {
	if (getOperationAST(args.document, args.operationName)?.operation !== OperationTypeNode.SUBSCRIPTION) return args
	const { grafast, ...preset } = args.resolvedPreset
	const made: Args = { ...args, resolvedPreset: { ...preset, grafast: { ...grafast, timeouts: { planning: 1_000 } } } }
	const subscribing: Subscribing = {
		async open(filters, since) {
			const caller = callers.get(request)!
			refuseTopics(filters, caller.queues ?? null)
			const db = database.as(caller, 'graphql')
			await call(db, 'streamPosition') // whether this caller may read the stream is the database's to say
			await hub.start()
			made.feed = new Feed({ hub, db, filters, since: eventId(since), queues: caller.queues ?? null })
			return made.feed
		},
	}
	made.contextValue = { ...args.contextValue, subscribing }
	return made
}

type Answers = AsyncIterableIterator<ExecutionResult>
export type Subscribe = (args: Args) => Promise<Answers | ExecutionResult>

const asAnswer = (problem: Problem): ExecutionResult => ({
	errors: [new GraphQLError(problem.message, { extensions: extensionsOf(problem) })],
})

/** An event is worked on when the one before it has been sent, and not before. */
export async function paced(args: Args, subscribe: Subscribe): Promise<Answers | ExecutionResult> {
	const answers = await subscribe(args)
	const { feed } = args
	if (!feed || !(Symbol.asyncIterator in answers)) return answers
	let told = false
	const paced: Answers = {
		async next() {
			feed.allow()
			const result = await answers.next()
			if (!result.done || !feed.problem || told) return result
			told = true
			return { done: false, value: asAnswer(feed.problem) }
		},
		async return() {
			await feed.return()
			return answers.return!()
		},
		async throw(error: unknown) {
			await feed.return()
			return answers.throw!(error)
		},
		[Symbol.asyncIterator]: () => paced,
	}
	return paced
}
