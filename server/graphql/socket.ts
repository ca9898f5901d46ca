/** `WS /graphql`: subscriptions by the protocol graphql-transport-ws, and what can be asked over HTTP besides. */
import type { IncomingMessage } from 'node:http'
import { type Context, handleProtocols, makeServer, type ServerOptions } from 'graphql-ws'
import { type GrafservBase, makeGraphQLWSConfig } from 'postgraphile/grafserv'
import { GraphQLError } from 'postgraphile/graphql'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Access } from '../access.ts'
import { doorKinds } from '../errors.ts'
import { problemOf } from '../problem.ts'
import { pingAll, sayGoodbye } from '../sockets.ts'
import type { Upgrade } from '../upgrades.ts'
import { MAX_REQUEST_BYTES } from './body.ts'
import { type Args, type FeedSources, paced, type Subscribe, withFeed } from './paced.ts'

const MAX_OPERATIONS = 50
const INIT_MS = 10_000
/** As graphql-ws closes what it does not let in; a reason has 123 bytes at most. */
const UNAUTHORIZED = 4401
const MAX_REASON = 120

interface Extra {
	socket: WebSocket
	request: IncomingMessage
}

export interface SocketOptions extends FeedSources {
	access: Access
	serv: GrafservBase
}

export interface Sockets {
	open: Upgrade
	/** Closes every WebSocket with 1001. */
	stop(): Promise<void>
}

type Ctx = Context<Record<string, unknown>, Extra>

/** How Grafserv would serve a WebSocket. */
interface Served {
	onSubscribe(ctx: Ctx, id: string, payload: unknown): Promise<Args | GraphQLError[]>
	subscribe: Subscribe
}

/** Whoever cannot send headers, as a page in a browser, gives its key in the first message. */
function keyIn(params: Record<string, unknown> | undefined): string | undefined {
	const [, key] = Object.entries(params ?? {}).find(([name]) => name.toLowerCase() === 'authorization') ?? []
	return typeof key === 'string' ? key : undefined
}

export function makeSockets(options: SocketOptions): Sockets {
	const { access, callers, serv } = options
	const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_REQUEST_BYTES, handleProtocols })
	const pinging = pingAll(sockets)
	const config = makeGraphQLWSConfig(serv)
	const served = config as unknown as Served

	/** What a key has opened ends with it. */
	function watch({ request, socket }: Extra): true {
		const end = access.watch(callers.get(request)!, () => socket.close(UNAUTHORIZED, 'the API key has ended'))
		socket.once('close', end)
		return true
	}

	async function onConnect({ extra, connectionParams }: Ctx): Promise<boolean> {
		const { request, socket } = extra
		const authorization = keyIn(connectionParams)
		if (authorization === undefined && callers.has(request)) return watch(extra)
		try {
			callers.set(
				request,
				await access.callerOf({ headers: { ...request.headers, authorization }, socket: request.socket } as IncomingMessage),
			)
			return watch(extra)
		} catch (error) {
			socket.close(UNAUTHORIZED, problemOf(error).message.slice(0, MAX_REASON))
			return false
		}
	}

	async function onSubscribe(ctx: Ctx, id: string, payload: unknown) {
		if (Object.keys(ctx.subscriptions).length > MAX_OPERATIONS) return [tooMany()]
		const args = await served.onSubscribe(ctx, id, payload)
		if (Array.isArray(args)) return args
		return withFeed(args, ctx.extra.request, options)
	}

	const server = makeServer<Record<string, unknown>, Extra>({
		...(config as ServerOptions<Record<string, unknown>, Extra>),
		onConnect,
		onSubscribe,
		subscribe: (args) => paced(args as Args, served.subscribe),
		connectionInitWaitTimeout: INIT_MS,
	})

	return {
		async open(req, socket, head) {
			try {
				callers.set(req, await access.callerOfUpgrade(req))
			} catch (error) {
				const waits = req.headers.authorization === undefined && problemOf(error).kind === doorKinds.unauthenticated
				if (!waits) throw error // the others may still give a key in their first message
			}
			sockets.handleUpgrade(req, socket, head, (ws) => serve(ws, req, server))
		},
		async stop() {
			clearInterval(pinging)
			await sayGoodbye(sockets)
		},
	}
}

const tooMany = (): GraphQLError =>
	new GraphQLError(`This WebSocket has ${MAX_OPERATIONS} operations under way.`, {
		extensions: { code: doorKinds.invalid_request.name, hint: 'Complete one of them, or open another WebSocket.' },
	})

function serve(ws: WebSocket, request: IncomingMessage, server: ReturnType<typeof makeServer<Record<string, unknown>, Extra>>): void {
	const closed = server.opened(
		{
			protocol: ws.protocol,
			// answers when it has been written, so that no more is made than is read
			send: (data) => new Promise((resolve, reject) => ws.send(data, (error) => (error ? reject(error) : resolve()))),
			close: (code, reason) => ws.close(code, reason),
			onMessage: (read) =>
				void ws.on('message', (data) => {
					read(String(data)).catch((error: Error) => ws.close(1011, error.message.slice(0, MAX_REASON)))
				}),
		},
		{ socket: ws, request },
	)
	ws.on('error', () => ws.terminate())
	ws.once('close', (code, reason) => void closed(code, String(reason)))
}
