/** Who is calling, and whether they may come in at all. What they may do then is the database's to decide. */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { callOne } from '../db/calls.ts'
import type { Role } from '../db/pool.ts'
import type { Caller, Database } from './database.ts'
import { doorKinds } from './errors.ts'
import { Problem } from './problem.ts'

/** A revoked key may work this much longer. */
const GOOD_FOR_MS = 30_000
const MAX_REMEMBERED = 1000
const KEY = /^taskq_\w{1,50}_\w{1,200}$/
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i

/** Whether only this machine can reach a server that is bound to this host. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host)

const unauthenticated = (message: string, hint: string) => new Problem(doorKinds.unauthenticated, message, { hint })

export class Access {
	readonly #database: Database
	readonly #local: boolean
	readonly #known = new Map<string, { caller: Promise<Caller>; until: number }>()

	/** `local`: bound to loopback, so that whoever comes without a key is the operator. */
	constructor({ database, local }: { database: Database; local: boolean }) {
		this.#database = database
		this.#local = local
	}

	/** The caller of a request or of a WebSocket upgrade. Throws a Problem: 401, 403, or 503 where nobody can be asked. */
	async callerOf({ headers }: IncomingMessage): Promise<Caller> {
		if (headers.authorization !== undefined) return this.#callerOfKey(headers.authorization)
		if (!this.#local) throw unauthenticated('This server wants an API key.', 'Send Authorization: Bearer taskq_<id>_<secret>.')
		refuseForeign(headers)
		return { role: 'taskq_operator', name: null }
	}

	async #callerOfKey(authorization: string): Promise<Caller> {
		const [, key = ''] = /^Bearer +(\S+)$/i.exec(authorization) ?? []
		if (!KEY.test(key))
			throw unauthenticated('The Authorization header holds no API key.', 'Send Authorization: Bearer taskq_<id>_<secret>.')

		const hash = createHash('sha256').update(key).digest('base64')
		const known = this.#known.get(hash)
		if (known && known.until > performance.now()) return known.caller
		const caller = this.#ask(key)
		this.#known.set(hash, { caller, until: performance.now() + GOOD_FOR_MS })
		caller.catch(() => this.#known.delete(hash)) // only good answers are remembered
		const [oldest] = this.#known.keys()
		if (this.#known.size > MAX_REMEMBERED) this.#known.delete(oldest!)
		return caller
	}

	async #ask(key: string): Promise<Caller> {
		const { name, role } = await callOne<{ name: string; role: Role }>(this.#database.own, 'authenticate', [key])
		return { name, role }
	}
}

/**
 * On loopback the browser's user is the operator, so pages of other sites must not get in: neither by a request of their own
 * (its Origin is theirs) nor under a name of theirs that they point at 127.0.0.1 (then the Host is theirs).
 */
function refuseForeign({ host = '', origin }: IncomingMessage['headers']): void {
	const hint = 'Without an API key, only programs and pages of this machine may call.'
	if (!isLoopback(host.replace(/:\d+$/, '')))
		throw new Problem(doorKinds.forbidden, `This server is not called ${JSON.stringify(host)}.`, { hint })
	if (origin !== undefined && origin !== `http://${host}`)
		throw new Problem(doorKinds.forbidden, `Pages of ${JSON.stringify(origin)} may not call.`, { hint })
}
