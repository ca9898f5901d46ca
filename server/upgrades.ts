/** Which WebSocket is at which path. */
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { doorKinds } from './errors.ts'
import { Problem, problemOf } from './problem.ts'
import { problemHeaders, problemJson } from './rest/problem-json.ts'

/** Answers one upgrade. Throws a Problem, which its sender is told. */
export type Upgrade = (req: IncomingMessage, socket: Duplex, head: Buffer, url: URL) => Promise<void>

export function routeUpgrades(server: Server, upgrades: Record<string, Upgrade>): void {
	const open: (...args: [IncomingMessage, Duplex, Buffer]) => Promise<void> = async (req, socket, head) => {
		const url = urlOf(req)
		const upgrade = upgrades[url.pathname.replace(/\/$/, '')]
		if (!upgrade) {
			const hint = `The WebSockets of this server are at ${Object.keys(upgrades).join(' and ')}.`
			throw new Problem(doorKinds.not_found, `There is no WebSocket at ${url.pathname}.`, { hint })
		}
		await upgrade(req, socket, head, url)
	}
	server.on('upgrade', (req, socket, head) => {
		socket.on('error', () => socket.destroy())
		open(req, socket, head).catch((error) => refuse(socket, problemOf(error), req.url ?? ''))
	})
}

function urlOf(req: IncomingMessage): URL {
	const url = URL.parse(req.url!, 'http://localhost')
	if (!url) throw new Problem(doorKinds.not_found, `There is no ${req.url} here.`)
	return url
}

function refuse(socket: Duplex, problem: Problem, instance: string): void {
	const body = JSON.stringify(problemJson(problem, instance))
	const headers = {
		...problemHeaders(problem),
		'Content-Type': 'application/problem+json; charset=utf-8',
		'Content-Length': Buffer.byteLength(body),
		Connection: 'close',
	}
	const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
	socket.end([`HTTP/1.1 ${problem.kind.http} ${STATUS_CODES[problem.kind.http]}`, ...lines, '', body].join('\r\n'))
}
