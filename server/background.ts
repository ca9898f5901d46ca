/** What the server does without being asked. */
import { setTimeout as sleep } from 'node:timers/promises'
import { callOne } from '../db/calls.ts'
import type { Log } from '../db/log.ts'
import type { Database } from './database.ts'

const TICK_MS = 1_000

/** Calls `work` again and again, a jittered `everyMs` after it is done, until stopped; `work` must not throw. */
export function repeat(everyMs: number, work: () => Promise<unknown>): { stop: () => Promise<void> } {
	const stopped = new AbortController()
	const done = (async () => {
		while (!stopped.signal.aborted) {
			await work()
			await sleep(everyMs * (0.75 + Math.random() / 2), undefined, { signal: stopped.signal }).catch(() => {})
		}
	})()
	return {
		async stop() {
			stopped.abort()
			await done
		},
	}
}

/** Lets time do its work in the database, once a second. Failures are logged when they begin and when they end. */
export function startTicking({ database, log }: { database: Database; log: Log }): { stop: () => Promise<void> } {
	let failing = false
	return repeat(TICK_MS, async () => {
		try {
			await callOne(database.own, 'tick')
			if (failing) log.info('the database answers again')
			failing = false
		} catch (err) {
			log[failing ? 'debug' : 'warn']({ err }, 'tick failed; trying again each second')
			failing = true
		}
	})
}
