/** From operations (operation.ts) to Express: who may call, what is read and checked, how it is answered. */
import express, { type Application, type RequestHandler, type Response } from 'express'
import type { Access } from '../access.ts'
import type { Caller, Database } from '../database.ts'
import { doorKinds } from '../errors.ts'
import { Problem } from '../problem.ts'
import type { Submit } from '../submit.ts'
import { check } from './check.ts'
import { readJson } from './json.ts'
import type { Method, Operation, Routes } from './operation.ts'
import { checkQuery, readQuery } from './query.ts'
import type { JobWaits } from './waits.ts'

/** What routes are made from. */
export interface Services {
	database: Database
	access: Access
	submit: Submit
	waits: JobWaits
}

/** A payload of 1 MiB with 10,000 dependencies and the rest of a request fits; the database judges the payload itself. */
const MAX_BODY_BYTES = 2 * 2 ** 20

/** Whoever comes where no key is needed. */
const ANYONE: Caller = { role: 'taskq_reader', name: null }

/** Installs routes, and for each path the answer to methods that it does not take. What another door answers is left to it. */
export function installRoutes(app: Application, services: Pick<Services, 'database' | 'access'>, routes: Routes): void {
	for (const [path, operations] of Object.entries(routes)) {
		const own = Object.entries(operations).filter(([, { handle }]) => handle) as [Method, Operation][]
		if (own.length === 0) continue
		const route = app.route(path)
		for (const [method, operation] of own) route[method](...stepsOf(operation, services))
		const allow = allowed(operations)
		route.options((_req, res) => void res.set('Allow', allow).status(204).end())
		route.all((req) => {
			throw new Problem(doorKinds.method_not_allowed, `${req.method} is not a method of ${path}.`, { headers: { Allow: allow } })
		})
	}
}

function allowed(operations: object): string {
	const names = Object.keys(operations).map((method) => method.toUpperCase())
	return [...names, ...(names.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
}

/** A body is read as bytes (json.ts makes a value of them), from someone who is known, and where there should be one. */
function stepsOf(operation: Operation, { database, access }: Pick<Services, 'database' | 'access'>): RequestHandler[] {
	const know: RequestHandler = async (req, res, next) => {
		res.locals.caller = operation.open ? ANYONE : await access.callerOf(req)
		next()
	}
	const { body } = operation
	const read = body ? [express.raw({ type: () => true, limit: body.limit ?? MAX_BODY_BYTES })] : []
	return [know, ...read, answering(operation, database)]
}

function answering({ params = {}, query, prepareQuery, body, answers, handle }: Operation, database: Database): RequestHandler {
	const status = Number(Object.keys(answers)[0])
	return async (req, res) => {
		const caller = res.locals.caller as Caller
		const names = Object.entries(params).map(([name, { read }]) => [name, read(req.params[name] as string)])
		const given = {
			...{ req, res, caller, db: database.as(caller), params: Object.fromEntries(names) },
			query: query && checkQuery(query, prepareQuery ? prepareQuery(readQuery(req)) : readQuery(req)),
			body:
				body && (body.read ? body.read(req, caller) : check(body.schema, readJson(req) ?? (body.optional ? {} : undefined), body.whole)),
		}
		res.status(status)
		send(res, await handle!(given))
	}
}

function send(res: Response, answer: object | string | undefined): void {
	if (typeof answer === 'string') res.send(answer)
	else if (answer) res.json(answer)
	else res.end()
}
