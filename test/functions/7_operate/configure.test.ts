import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { sqlState } from '../../support/stage.ts'

const db = useDb(test)

const configure = async (args = '') => (await db.row(`select taskq.configure(${args}) as settings`)).settings
const defaults = {
	default_max_attempts: 3,
	default_timeout_seconds: 300,
	job_ttl_seconds: 86400,
	event_ttl_seconds: 14400,
	worker_lost_seconds: 30,
	reserve_after_seconds: 30,
}

test.serial('without arguments it answers the settings as they are', async (t) => {
	t.deepEqual(await configure(), defaults)
})

test.serial('what is given changes, the rest stays', async (t) => {
	const changed = await configure('job_ttl_seconds => 60, default_max_attempts => 7')
	const { settings } = await callOne<{ settings: unknown }>(db.pool, 'configure', [3, null, 86400, null])

	t.deepEqual(changed, { ...defaults, job_ttl_seconds: 60, default_max_attempts: 7 })
	t.deepEqual(settings, defaults)
})

test.serial('settings that could not be are refused', async (t) => {
	const bad = [
		'default_max_attempts => 0',
		'default_timeout_seconds => 0',
		'job_ttl_seconds => 0',
		'event_ttl_seconds => 1',
		'worker_lost_seconds => 1',
		'reserve_after_seconds => 0',
	]

	for (const setting of bad) t.is(await sqlState(configure(setting)), '23514', setting)
	t.deepEqual(await configure(), defaults)
})
