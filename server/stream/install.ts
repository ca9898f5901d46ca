/** `WS /jobs/stream`: what happens to jobs, queues and workers, as it happens. */
import { WebSocketServer } from 'ws'
import { call } from '../../db/calls.ts'
import type { Log } from '../../db/log.ts'
import type { Access } from '../access.ts'
import type { Database } from '../database.ts'
import { pingAll, sayGoodbye } from '../sockets.ts'
import type { Upgrade } from '../upgrades.ts'
import { Client } from './client.ts'
import { readSubscriptionQuery } from './filters.ts'
import { Hub } from './hub.ts'
import { Snapshot } from './snapshots.ts'

export const STREAM_PATH = '/jobs/stream'

/** Subscriptions are short. */
const MAX_MESSAGE_BYTES = 64 * 1024

export interface StreamOptions {
	database: Database
	access: Access
	/** For LISTEN: not through a transaction pooler. */
	connectionString: string
	log: Log
}

export interface Stream {
	hub: Hub
	open: Upgrade
	/** Closes every WebSocket with 1001. */
	stop(): Promise<void>
}

export function installStream({ database, access, connectionString, log }: StreamOptions): Stream {
	const hub = new Hub({ database, connectionString, log })
	const snapshots = { queue: new Snapshot({ topic: 'queue', database, log }), resource: new Snapshot({ topic: 'resource', database, log }) }
	const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES })
	const pinging = pingAll(sockets)

	const open: Upgrade = async (req, socket, head, { searchParams }) => {
		const caller = await access.callerOfUpgrade(req)
		searchParams.delete('ticket')
		const db = database.as(caller, 'websocket')
		await call(db, 'streamPosition') // whether this caller may read the stream is the database's to say
		await hub.start()
		sockets.handleUpgrade(req, socket, head, (ws) => {
			const client = new Client({ ws, db, hub, snapshots, log, queues: caller.queues ?? null })
			ws.on(
				'close',
				access.watch(caller, () => ws.close(1008, 'the API key has ended')),
			)
			try {
				client.subscribe(readSubscriptionQuery(searchParams))
			} catch (error) {
				client.refuse(error)
				ws.close(1008, 'the filters are not right')
			}
		})
	}

	return {
		hub,
		open,
		async stop() {
			clearInterval(pinging)
			await sayGoodbye(sockets)
			await Promise.all([hub.stop(), ...Object.values(snapshots).map((snapshot) => snapshot.stop())])
		},
	}
}
