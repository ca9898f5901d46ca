/** What each session that listens does, in the worker and in the server. */
import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { call, callOne } from './calls.ts'
import type { Queryable } from './pool.ts'

/** A notification takes milliseconds; one that is not there by then does not come. */
const HEARD_WITHIN_MS = 2_000
/** From here on taskq sends no hints (functions/0_base/hint.sql), so the listeners must see to it that the queue empties. */
const QUEUE_IS_FULL = 0.5

/** What to do when LISTEN does not deliver, for the log. */
export const DEAF =
	'LISTEN does not deliver here: this way leads through a transaction pooler, or to another database than DATABASE_URL. ' +
	'Set DATABASE_DIRECT_URL to the PostgreSQL server itself. Until then taskq looks each second for what is new, and a killed worker is noticed by its heartbeat'

/** A pooler takes no settings for a session: pgbouncer ends such a connection with this. */
export const isRefusedByPooler = (error?: Error): boolean => (error as { code?: string } | undefined)?.code === '08P01'

export async function listen(client: pg.ClientBase, channels: string[]): Promise<void> {
	for (const channel of channels) await client.query(`listen ${channel}`)
}

/** Whether what other sessions notify arrives at this one: `others` sends something on a channel of its own. */
export async function hears(client: pg.Client, others: Queryable): Promise<boolean> {
	const channel = `taskq_check_${randomUUID().replaceAll('-', '')}`
	await client.query(`listen ${channel}`)
	let late: NodeJS.Timeout | undefined
	const heard = new Promise<boolean>((resolve) => {
		client.on('notification', (notification) => notification.channel === channel && resolve(true))
		late = setTimeout(resolve, HEARD_WITHIN_MS, false)
	})
	try {
		await call(others, 'notify', [channel])
		return await heard
	} finally {
		clearTimeout(late)
		await client.query(`unlisten ${channel}`)
	}
}

/**
 * Shows that the connection still works. PostgreSQL wakes listeners only when somebody notifies, which nobody does while the queue
 * is full: a session that listens anew lets go of what it has not read. Answers whether it did, and may have missed something.
 */
export async function pingListener(client: pg.ClientBase, channels: string[]): Promise<boolean> {
	const { queue_usage } = await callOne<{ queue_usage: number }>(client, 'ping')
	if (queue_usage < QUEUE_IS_FULL) return false
	await client.query('unlisten *')
	await listen(client, channels)
	return true
}
