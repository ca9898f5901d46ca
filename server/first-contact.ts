/** What must be settled with the database once, as soon as it can be reached. */
import { call, callOne } from '../db/calls.ts'
import type { Log } from '../db/log.ts'
import { makePool } from '../db/pool.ts'
import type { Settings } from '../db/settings.ts'
import type { Database } from './database.ts'
import { problemOf } from './problem.ts'

/** Why a server may not start as it is set. */
export class StartError extends Error {
	override readonly name = 'StartError'
}

interface Contact {
	settings: Settings
	connectionString: string
	database: Database
	/** Bound to loopback: no key is needed. */
	local: boolean
	log: Log
}

/** Checks that there is a key where one is needed, and applies the settings that live in the database. */
async function makeContact(contact: Contact): Promise<void> {
	await requireKey(contact)
	await applySettings(contact)
}

async function requireKey({ settings, database, local }: Contact): Promise<void> {
	if (local) return
	const { has_key } = await callOne<{ has_key: boolean }>(database.own, 'hasApiKey')
	if (has_key) return
	throw new StartError(
		`API_HOST is ${settings.API_HOST}, which others can reach, and there is no API key. Start it on this machine alone, make one in another terminal, and start again:\n\n` +
			'    npm run key -- --name me --role taskq_operator\n',
	)
}

async function applySettings({ settings, connectionString, database, log }: Contact): Promise<void> {
	const { DEFAULT_MAX_ATTEMPTS, DEFAULT_TIMEOUT_SECONDS, JOB_TTL_SECONDS, RESERVE_AFTER_SECONDS } = settings
	const values = [DEFAULT_MAX_ATTEMPTS, DEFAULT_TIMEOUT_SECONDS, JOB_TTL_SECONDS, RESERVE_AFTER_SECONDS]
	if (values.every((value) => value === undefined)) return
	const pool = makePool({ connectionString, pooled: database.pooled, role: 'taskq_admin', name: 'taskq server settings', max: 1 })
	try {
		await call(
			pool,
			'configure',
			values.map((value) => value ?? null),
		)
		log.info({ DEFAULT_MAX_ATTEMPTS, DEFAULT_TIMEOUT_SECONDS, JOB_TTL_SECONDS, RESERVE_AFTER_SECONDS }, 'settings applied to the database')
	} finally {
		await pool.end()
	}
}

/**
 * Tries once; throws StartError if the server may not start. Where the database is away it answers a function that tries
 * again, for the caller to repeat until it answers true.
 */
export async function firstContact(contact: Contact): Promise<(() => Promise<boolean>) | undefined> {
	try {
		await makeContact(contact)
		return undefined
	} catch (error) {
		if (error instanceof StartError) throw error
		contact.log.warn({ err: error }, 'the database cannot be reached yet; trying again, and answering 503 meanwhile')
	}
	return async () => {
		try {
			await makeContact(contact)
			return true
		} catch (error) {
			// everyone is refused while no key exists, so nothing is open: say it, and look again
			const level = error instanceof StartError || problemOf(error).kind.http < 500 ? 'error' : 'debug'
			contact.log[level]({ err: error }, 'not ready yet')
			return false
		}
	}
}
