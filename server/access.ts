/** Who is calling, and whether they may come in at all. What they may do then is the database's to decide. */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { callOne } from '../db/calls.ts'
import type { Role } from '../db/pool.ts'
import type { Caller, Database } from './database.ts'
import { doorKinds } from './errors.ts'
import { Failures } from './failures.ts'
import { KeyWatch } from './key-watch.ts'
import { refuseForeign, refuseOtherSites } from './origin.ts'
import { Problem } from './problem.ts'

/** So much longer a revoked key may work: each key in use is asked about once in that time. */
const GOOD_FOR_MS = 1_000
const MAX_REMEMBERED = 1000
const KEY = /^taskq_\w{1,50}_\w{1,200}$/
const TICKET = /^\w{1,200}$/

const unauthenticated = (message: string, hint: string) => new Problem(doorKinds.unauthenticated, message, { hint })

interface Known {
	key_id: string | null
	name: string | null
	role: Role
	queues: string[] | null
	expires_in_seconds: number | null
}

export interface Ticket {
	ticket: string
	expires_at: Date
}

export interface AccessOptions {
	database: Database
	/** Bound to loopback, so that whoever comes without a key is the operator. */
	local: boolean
	/** Sites whose pages may open WebSockets, beside this server's own. */
	allowedOrigins?: readonly string[] | undefined
}

export class Access {
	readonly #database: Database
	readonly #local: boolean
	readonly #allowedOrigins: readonly string[]
	readonly #known = new Map<string, { caller: Promise<Caller>; until: number }>()
	readonly #failures = new Failures()
	readonly #keys: KeyWatch

	constructor({ database, local, allowedOrigins = [] }: AccessOptions) {
		this.#database = database
		this.#keys = new KeyWatch(database)
		this.#local = local
		this.#allowedOrigins = allowedOrigins
	}

	/** The caller of a request. Throws a Problem: 401, 403, 429 after many failing keys, or 503 where nobody can be asked. */
	async callerOf(req: IncomingMessage): Promise<Caller> {
		const { authorization } = req.headers
		if (authorization !== undefined) return this.#callerOfKey(authorization, req)
		if (!this.#local) throw unauthenticated('This server wants an API key.', 'Send Authorization: Bearer taskq_<id>_<secret>.')
		refuseForeign(req.headers)
		return { role: 'taskq_operator', name: null }
	}

	/** The caller of a WebSocket's upgrade, by a key or by `?ticket=`. Throws as `callerOf` does; pages of other sites are refused whatever they bring. */
	async callerOfUpgrade(req: IncomingMessage): Promise<Caller> {
		refuseOtherSites(req.headers, this.#allowedOrigins)
		const ticket = URL.parse(req.url ?? '', 'http://localhost')?.searchParams.get('ticket')
		if (ticket == null || req.headers.authorization !== undefined) return this.callerOf(req)
		return this.#guarded(req, async () => {
			if (!TICKET.test(ticket)) throw unauthenticated('That is no ticket.', 'POST /tickets gives one.')
			const known = await callOne<Known>(this.#database.own, 'redeemTicket', [ticket])
			if (known.key_id === null && !this.#local) throw unauthenticated('This server wants an API key.', 'POST /tickets with a key.')
			return callerOfKnown(known)
		})
	}

	/** A ticket for the caller of this request, to be redeemed once at an upgrade. Throws as `callerOf` does. */
	async ticketFor(req: IncomingMessage): Promise<Ticket> {
		await this.callerOf(req)
		const { authorization } = req.headers
		return callOne<Ticket & Record<string, unknown>>(this.#database.own, 'issueTicket', [authorization ? keyOf(authorization) : null])
	}

	/** Calls `onEnd` once this caller's key is revoked or has expired. Answers a function that ends the watch. */
	watch(caller: Caller, onEnd: () => void): () => void {
		return this.#keys.watch(caller, onEnd)
	}

	stop(): Promise<void> {
		return this.#keys.stop()
	}

	async #callerOfKey(authorization: string, req: IncomingMessage): Promise<Caller> {
		const hash = createHash('sha256').update(authorization).digest('base64')
		const known = this.#known.get(hash)
		if (known && known.until > performance.now()) return known.caller
		const caller = this.#guarded(req, async () => this.#ask(keyOf(authorization), hash))
		this.#known.set(hash, { caller, until: performance.now() + GOOD_FOR_MS })
		caller.catch(() => this.#known.delete(hash)) // only good answers are remembered
		const [oldest] = this.#known.keys()
		if (this.#known.size > MAX_REMEMBERED) this.#known.delete(oldest!)
		return caller
	}

	async #ask(key: string, hash: string): Promise<Caller> {
		const known = await callOne<Known>(this.#database.own, 'authenticateApiKey', [key])
		const remembered = this.#known.get(hash)
		if (remembered && known.expires_in_seconds !== null)
			remembered.until = Math.min(remembered.until, performance.now() + known.expires_in_seconds * 1000)
		return callerOfKnown(known)
	}

	/** Counts what fails: who has failed too often is told to wait, but a key that is good is let in all the same. */
	async #guarded(req: IncomingMessage, ask: () => Promise<Caller>): Promise<Caller> {
		try {
			return await ask()
		} catch (error) {
			throw this.#failures.note(req.socket.remoteAddress ?? '', error)
		}
	}
}

function keyOf(authorization: string): string {
	const [, key = ''] = /^Bearer +(\S+)$/i.exec(authorization) ?? []
	if (!KEY.test(key)) throw unauthenticated('The Authorization header holds no API key.', 'Send Authorization: Bearer taskq_<id>_<secret>.')
	return key
}

const callerOfKnown = ({ key_id, name, role, queues }: Known): Caller => ({ role, name, keyId: key_id, queues })
