import test from 'ava'
import { callOne } from '../../../db/calls.ts'
import { useDb } from '../../support/db.ts'
import { sqlState } from '../../support/stage.ts'

const db = useDb(test)

const issue = async (role = 'taskq_client', queues: string[] | null = null, expiresAt: Date | null = null, name = 'ann') =>
	(await callOne<{ api_key: string }>(db.pool, 'issueApiKey', [name, role, queues, expiresAt])).api_key
const rotate = async (key: string, graceSeconds: number | null = 3600) =>
	(await callOne<{ api_key: string }>(db.pool, 'rotateApiKey', [idOf(key), graceSeconds])).api_key
const authenticate = (key: string) => callOne(db.pool, 'authenticateApiKey', [key])
const idOf = (key: string) => key.split('_')[1]!
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000)

test.serial('the successor is for the same name, role, queues and length of life', async (t) => {
	const old = await issue('taskq_operator', ['mail', 'sms'], inHours(48))
	await db.moveClock('24 hours')

	const { key_id, expires_in_seconds, ...next } = await authenticate(await rotate(old))

	t.deepEqual(next, { name: 'ann', role: 'taskq_operator', queues: ['mail', 'sms'] })
	t.not(key_id, idOf(old))
	t.true(Math.abs((expires_in_seconds as number) - 48 * 3600) < 60, `${expires_in_seconds}`)
})

test.serial('the old one ends after the grace, or when it would have ended before that', async (t) => {
	const [old, short] = [await issue(), await issue('taskq_client', null, new Date(Date.now() + 3 * 24 * 3_600_000))]
	const [{ expires_in_seconds }] = [await authenticate(short)]
	await rotate(old, 60)
	await rotate(short, 31_536_000)
	const good = [(await authenticate(old)).name, (await authenticate(short)).expires_in_seconds]

	await db.moveClock('61 seconds')

	t.is(good[0], 'ann')
	t.true((good[1] as number) <= (expires_in_seconds as number))
	t.is(await sqlState(authenticate(old)), 'TQ401')
})

test.serial('two keys are good at a time, never three', async (t) => {
	const first = await issue()
	const second = await rotate(first)

	t.is(await sqlState(rotate(first)), 'TQ409')
	t.is(await sqlState(rotate(second)), 'TQ409')
	await db.query('select taskq.revoke_api_key($1)', [idOf(first)])
	t.is((await authenticate(await rotate(second))).name, 'ann')
})

test.serial('what has ended or is none is not rotated', async (t) => {
	const revoked = await issue()
	await db.query('select taskq.revoke_api_key($1)', [idOf(revoked)])

	t.is(await sqlState(rotate(revoked)), 'TQ409')
	t.is(await sqlState(rotate('taskq_nobody_x')), 'TQ404')
	t.is(await sqlState(rotate(await issue(), -1)), 'TQ422')
	t.is(await sqlState(rotate(await issue(), null)), 'TQ422')
})

test.serial('a key that would be none is refused, naming the field', async (t) => {
	t.is(await sqlState(issue('taskq_worker')), 'TQ422')
	t.is(await sqlState(issue('postgres')), 'TQ422')
	t.is(await sqlState(issue('taskq_client', [])), 'TQ422')
	t.is(await sqlState(issue('taskq_client', ['a b'])), 'TQ422')
	t.is(await sqlState(issue('taskq_client', null, inHours(-1000))), 'TQ422')
	t.is(await sqlState(issue('taskq_client', null, null, '')), 'TQ422')
})

test.serial('administrators list keys, and no secret is among what they see', async (t) => {
	const key = await issue('taskq_reader', ['mail'])
	const [, id, secret] = key.split('_')

	const rows = await db.rows('select * from taskq.api_keys')
	const { columns } = await db.row(
		`select array_agg(attname::text order by attname) as columns from pg_attribute where attrelid = 'taskq.api_keys'::regclass and attnum > 0`,
	)

	t.like(
		rows.find(({ key_id }) => key_id === id),
		{ name: 'ann', role: 'taskq_reader', queues: ['mail'] },
	)
	t.false(JSON.stringify(rows).includes(secret!))
	t.false(columns.includes('secret_hash'))
})
