/** GraphQL over one schema. Apart from install.ts, because PostGraphile takes a second to load and REST does not wait for it. */
import express, { type RequestHandler } from 'express'
import { postgraphile } from 'postgraphile'
import { grafserv } from 'postgraphile/grafserv/express/v4'
import { readPosted } from './body.ts'
import { makePreset, type PresetOptions } from './preset.ts'
import { makeSockets, type SocketOptions, type Sockets } from './socket.ts'

export interface Door {
	handle: RequestHandler
	sockets: Sockets
	release: () => Promise<void>
}

export async function makeDoor(options: Omit<PresetOptions, 'callerOf'> & Omit<SocketOptions, 'serv'>): Promise<Door> {
	const instance = postgraphile(makePreset({ ...options, callerOf: (req) => options.callers.get(req)! }))
	try {
		await instance.getSchema()
		const app = express().disable('x-powered-by').use(readPosted)
		const serv = instance.createServ(grafserv)
		await serv.addTo(app, null, false)
		return { handle: app, sockets: makeSockets({ ...options, serv }), release: async () => void (await instance.release()) }
	} catch (error) {
		await instance.release()
		throw error
	}
}
