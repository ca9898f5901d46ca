import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'

/** What takes so long hangs, however busy the machine is. Programs that a test waits for in its own thread need it most: nobody else can end them. */
export const HANGS_AFTER_MS = 240_000

/** Waits until something holds. What never comes is told as what was waited for: AVA's timeout, where it comes at all, names the test alone. */
export async function until<T>(look: () => Promise<T> | T): Promise<NonNullable<Exclude<T, false>>> {
	for (const deadline = performance.now() + HANGS_AFTER_MS; performance.now() < deadline; await sleep(10)) {
		const found = await look()
		if (found) return found as NonNullable<Exclude<T, false>>
	}
	throw new Error(`waited ${HANGS_AFTER_MS / 1000} s in vain for ${look}`)
}

/** For a test of several such waits, which a busy machine must not end. */
export const bePatient = (t: ExecutionContext, waits = 1): void => t.timeout(waits * HANGS_AFTER_MS + 60_000, 'it hangs')
