/**
 * What an operation is: one method of one path, as a value. The router (routes.ts), the checks of what comes in, and
 * /openapi.json (openapi.ts) are made from it, so that no route can exist without its document.
 */
import type { Request, Response } from 'express'
import type { z } from 'zod'
import type { Queryable } from '../../db/pool.ts'
import type { Caller } from '../database.ts'
import type { HeaderName, RequestHeaderName } from './headers.ts'
import type { Param } from './params.ts'
import type { Query } from './query.ts'

export const tags = {
	jobs: 'Submit jobs, look at them, wait for them, cancel and retry them.',
	workflows: 'Graphs of jobs that were submitted under a name.',
	'dead letters': 'Jobs that failed for good.',
	queues: 'Queues and job types, and how many of their jobs run at a time.',
	schedules: 'Jobs that are submitted again and again.',
	workers: 'What each worker can carry and has been granted.',
	pools: 'What jobs of all workers share.',
	'other doors': 'GraphQL, the WebSocket, and this document.',
	health: 'For whoever watches the process. They need no key.',
} as const
export type Tag = keyof typeof tags

/** What a handler works with. */
export interface Given<ReadQuery = unknown, ReadBody = unknown> {
	req: Request
	res: Response
	caller: Caller
	/** Acts as the caller. */
	db: Queryable
	/** What the path names, checked. */
	params: Record<string, string>
	query: ReadQuery
	body: ReadBody
}

/** Answers what is sent as JSON (a text as it is). The status is the operation's first, unless the handler sets another on `res`. */
export type Handler<ReadQuery = unknown, ReadBody = unknown> = (given: Given<ReadQuery, ReadBody>) => Promise<object | string | undefined>

/** A body, always JSON. */
export interface Body<Schema extends z.ZodType = z.ZodType> {
	/** What its fields belong to, as errors say it: "x is not a field of a job". */
	whole: string
	schema: Schema
	/** No body at all is `{}`. */
	optional?: boolean
	/** Reads and checks it, where that takes more than the schema; the schema then only tells what it looks like. */
	read?: (req: Request, caller: Caller) => unknown
	/** Each is sent by a test and answered well. */
	examples: Record<string, object>
	/** Where more than routes.ts allows may be sent, in bytes. */
	limit?: number
}

/** One status that is no error. */
export interface Answer {
	description: string
	/** Of JSON. Without it there is no content, but for `texts`. */
	schema?: z.ZodType
	/** Where its media type is not only application/json. */
	types?: string[]
	/** Media types of text that it can have as well, or instead. */
	texts?: string[]
	headers?: HeaderName[]
	example?: unknown
}

export interface Spec<QuerySchema extends z.ZodType, BodySchema extends z.ZodType> {
	summary: string
	description?: string
	tag: Tag
	/** No key is needed. */
	open?: boolean
	/** What each `:name` of the path is. */
	params?: Record<string, Param>
	query?: QuerySchema
	/** What is done to the query before it is checked. */
	prepareQuery?: (query: Query) => Record<string, unknown>
	body?: Body<BodySchema>
	/** Headers that it looks at. */
	takes?: RequestHeaderName[]
	/** By status, the usual one first. */
	answers: Record<number, Answer>
	/** Names of docs/errors.md that are this operation's own; openapi.ts adds those that follow from what it takes. */
	errors?: string[]
	/** Whether what it does is stored, so that there must be space for it. A GET stores nothing unless it says so. */
	stores?: boolean
	/** Left out where another door answers: then this is its document alone. */
	handle?: Handler<z.output<QuerySchema>, z.output<BodySchema>>
}

/** One whose types are no longer of interest. */
export type Operation = Spec<z.ZodType, z.ZodType>

/** Makes an operation: `query` and `body` of its handler have the types of their schemas. */
export const operation = <QuerySchema extends z.ZodType = z.ZodUndefined, BodySchema extends z.ZodType = z.ZodUndefined>(
	spec: Spec<QuerySchema, BodySchema>,
): Operation => spec as unknown as Operation

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
export type Routes = Record<`/${string}`, Partial<Record<Method, Operation>>>

export const json = (schema: z.ZodType, description: string, ...headers: HeaderName[]): Answer => ({ schema, description, headers })
export const nothing = (description: string, ...headers: HeaderName[]): Answer => ({ description, headers })
