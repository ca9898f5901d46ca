import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { sqlState } from '../../support/stage.ts'

const db = useDb(test)

const create = async (name: string, role = 'taskq_client', expiresAt: Date | null = null) =>
	(await callOne<{ api_key: string }>(db.pool, 'createApiKey', [name, role, expiresAt])).api_key
const authenticate = (key: string | null) => callOne(db.pool, 'authenticate', [key])
const hasKey = async () => (await callOne<{ has_key: boolean }>(db.pool, 'hasApiKey', [])).has_key
const revoke = (id: string) => db.query('select taskq.revoke_api_key($1)', [id])
const idOf = (key: string) => key.split('_')[1]!

test.serial('there is a valid key or there is none', async (t) => {
	const seen = [await hasKey()]
	const key = await create('first')
	seen.push(await hasKey())
	await revoke(idOf(key))
	seen.push(await hasKey())
	await create('expired', 'taskq_client', new Date(Date.now() - 1000))
	seen.push(await hasKey())

	t.deepEqual(seen, [false, true, false, false])
})

test.serial('a key says whose it is and what its role is', async (t) => {
	const key = await create('grafana', 'taskq_reader')

	t.regex(key, /^taskq_[0-9a-f]{12}_[0-9a-f]{64}$/)
	t.deepEqual(await authenticate(key), { name: 'grafana', role: 'taskq_reader' })
})

test.serial('what is not a key is answered TQ401', async (t) => {
	const [key, other] = [await create('a'), await create('b')]
	const [, id, secret] = key.split('_')
	const bad = [
		null,
		'',
		'taskq',
		'taskq__',
		`other_${id}_${secret}`,
		`taskq_${id}_`,
		`taskq_${idOf(other)}_${secret}`,
		key.slice(0, -1),
		`${key}0`,
	]

	for (const text of bad) t.is(await sqlState(authenticate(text)), 'TQ401', String(text))
	t.is(await sqlState(authenticate(`taskq_${id}_${secret?.toUpperCase()}`)), 'TQ401')
})

test.serial('a revoked key ends at once, and can be revoked again', async (t) => {
	const key = await create('revoked')

	await revoke(idOf(key))
	await revoke(idOf(key))

	t.is(await sqlState(authenticate(key)), 'TQ401')
})

test.serial('an expired key is not valid', async (t) => {
	const key = await create('short', 'taskq_client', new Date(Date.now() + 60_000))
	const before = await authenticate(key)
	await db.moveClock('61 seconds')

	t.is(before.name, 'short')
	t.is(await sqlState(authenticate(key)), 'TQ401')
})

test.serial('only a hash of the secret is kept', async (t) => {
	const key = await create('secret')
	const secret = key.split('_')[2]!

	const { kept } = await db.row('select to_jsonb(k)::text as kept from taskq_private.api_keys as k where key_id = $1', [idOf(key)])
	const { audit } = await db.row(`select jsonb_agg(to_jsonb(a))::text as audit from taskq_private.audit_log as a`)

	t.false(kept.includes(secret) || audit.includes(secret))
})

test.serial('the last use is noted to the minute', async (t) => {
	const key = await create('used')
	const lastUse = async () => (await db.row('select last_used_at from taskq_private.api_keys where key_id = $1', [idOf(key)])).last_used_at
	const never = await lastUse()
	await authenticate(key)
	const first = await lastUse()
	await authenticate(key)
	const soon = await lastUse()
	await db.moveClock('61 seconds')
	await authenticate(key)

	t.is(never, null)
	t.deepEqual(soon, first)
	t.true((await lastUse()) > first)
})

test.serial('a role that is none is refused, and so is a key that nobody made', async (t) => {
	t.is(await sqlState(create('x', 'postgres')), '23514')
	t.is(await sqlState(create('x', 'taskq_owner')), '23514')
	t.is(await sqlState(revoke('nobody')), 'TQ404')
})
