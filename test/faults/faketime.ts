/** Another clock for a process, that can be set while it runs: libfaketime, as Debian packages it. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { ExecutionContext } from 'ava'

const LIBRARY = fs.globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')[0]

/** Why there is none here; undefined where there is. */
export const noFaketime: string | undefined = LIBRARY ? undefined : 'needs libfaketime: apt-get install libfaketime'

export interface Clock {
	/** What makes a process live by this clock. */
	env: Record<string, string>
	/** From now on it is that much ahead, such as `+3600` or `-600` seconds. */
	set: (offset: string) => void
}

/** A clock that goes right until it is set; intervals are measured as ever (the monotonic clock is left alone). */
export function makeClock(t: ExecutionContext, offset = '+0'): Clock {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'taskq-clock-'))
	const file = path.join(dir, 'offset')
	const set = (offset: string) => {
		fs.writeFileSync(`${file}.new`, offset)
		fs.renameSync(`${file}.new`, file) // whoever reads it meanwhile reads all of it
	}
	set(offset)
	fs.chmodSync(dir, 0o755)
	t.teardown(() => fs.rmSync(dir, { recursive: true }))
	const env = { LD_PRELOAD: LIBRARY!, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' }
	return { env, set }
}
