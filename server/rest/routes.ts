import type { Application, Request, RequestHandler, Response } from 'express'
import type { Queryable } from '../../db/pool.ts'
import type { Access } from '../access.ts'
import type { Caller, Database } from '../database.ts'
import { doorKinds } from '../errors.ts'
import { Problem } from '../problem.ts'
import type { Submit } from '../submit.ts'

/** What routes are made from. */
export interface Services {
	database: Database
	access: Access
	submit: Submit
}

/** What a route's handler works with. */
export interface Given {
	req: Request
	res: Response
	caller: Caller
	/** Acts as the caller. */
	db: Queryable
	params: Record<string, string>
}

/** Answers what is sent as JSON (a text as it is) with status 200; a handler that answers otherwise sets the status or type on `res`. */
export type Handler = (given: Given) => Promise<object | string | undefined>
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
export type Routes = Record<`/${string}`, Partial<Record<Method, Handler>>>

/** Installs routes, and for each path the answer to methods that it does not take. */
export function installRoutes(app: Application, { database, access }: Services, routes: Routes): void {
	for (const [path, methods] of Object.entries(routes)) {
		const route = app.route(path)
		for (const [method, handler] of Object.entries(methods) as [Method, Handler][]) route[method](answering(handler, database, access))
		const allow = allowed(methods)
		route.options((_req, res) => void res.set('Allow', allow).status(204).end())
		route.all((req) => {
			throw new Problem(doorKinds.method_not_allowed, `${req.method} is not a method of ${path}.`, { headers: { Allow: allow } })
		})
	}
}

function allowed(methods: object): string {
	const names = Object.keys(methods).map((method) => method.toUpperCase())
	return [...names, ...(names.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
}

function answering(handler: Handler, database: Database, access: Access): RequestHandler {
	return async (req, res) => {
		const caller = await access.callerOf(req)
		const body = await handler({ req, res, caller, db: database.as(caller), params: req.params as Record<string, string> })
		if (typeof body === 'string') res.send(body)
		else if (body) res.json(body)
		else res.status(204).end()
	}
}

export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** An id from the path; what cannot be an id names nothing. */
export function idOf(params: Record<string, string>, what: string): string {
	const id = params.id!
	if (!UUID.test(id))
		throw new Problem(doorKinds.not_found, `no ${what} ${JSON.stringify(id.slice(0, 100))}`, {
			hint: `Ids are uuids, as ${what}s are listed with.`,
		})
	return id.toLowerCase()
}
