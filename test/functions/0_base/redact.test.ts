import test from 'ava'
import fc from 'fast-check'
import { registerTypes, useDb } from '../../support/db.ts'

const db = useDb(test)

const redact = async (value: unknown) => (await db.row('select taskq.redact($1::jsonb) as value', [JSON.stringify(value)])).value
const GONE = '[redacted]'

test('what is under a key that says secret is gone, at any depth, in lists too, whatever the case and whatever it is', async (t) => {
	const keys = [
		'password',
		'DB_PASSWORD',
		'passwd',
		'clientSecret',
		'access_token',
		'Authorization',
		'apiKey',
		'X-Api-Key',
		'api key',
		'Set-Cookie',
	]
	const more = ['private_key', 'privateKey', 'AWS_ACCESS_KEY_ID', 'credentials', 'passphrase', 'pwd']
	for (const key of [...keys, ...more])
		t.deepEqual(await redact({ a: [{ b: { [key]: 'hunter2', c: 1 } }] }), { a: [{ b: { [key]: GONE, c: 1 } }] }, key)

	t.deepEqual(await redact({ secrets: { a: 1, b: [2] }, token: ['x'], password: 12345 }), { secrets: GONE, token: GONE, password: GONE })
})

test('what is no secret stays as it is', async (t) => {
	const value = {
		to: 'a@b.c',
		max_tokens: 4096,
		has_password: true,
		token: null,
		keys: ['a'],
		n: [1, 'x', null, {}, []],
		url: 'http://a.b/c:d@e',
		text: 'Unexpected token: x; max_tokens=4096; the password is wrong; key=value',
	}

	t.deepEqual(await redact(value), value)
	for (const scalar of [1, 'text', true, null, [], {}]) t.deepEqual(await redact(scalar), scalar)
})

test('texts lose API keys, bearer tokens and the passwords of URLs', async (t) => {
	const key = `taskq_0123456789ab_${'f'.repeat(64)}`

	t.is(await redact(`it is ${key}.`), 'it is taskq_0123456789ab_[redacted].')
	t.is(await redact(`Authorization: Bearer ${key}`), 'Authorization: Bearer [redacted]')
	t.is(await redact('curl -H "authorization: bearer eyJhbGciOi.J9-_x=="'), 'curl -H "authorization: bearer [redacted]"')
	t.is(
		await redact('postgres://app:p4ss:w@rd@db:5432/x and amqp://u:pw@h'),
		'postgres://app:[redacted]@db:5432/x and amqp://u:[redacted]@h',
	)
	t.is(await redact('redis://:pw@h'), 'redis://:[redacted]@h')
	t.is(
		await redact(`PGPASSWORD=p4ss psql "host=h password='a b' user=u" && curl 'h/x?api_key=k1&y=2' -d client_secret="s t",token=x`),
		`PGPASSWORD=[redacted] psql "host=h password=[redacted] user=u" && curl 'h/x?api_key=[redacted]&y=2' -d client_secret=[redacted],token=[redacted]`,
	)
	t.deepEqual(await redact({ list: [{ message: 'see https://u:p@h/x' }] }), { list: [{ message: 'see https://u:[redacted]@h/x' }] })
})

test('a value nested deeper than anything reads is cut, not refused', async (t) => {
	let value: unknown = { password: 'hunter2' }
	for (let n = 0; n < 2000; n++) value = [value]

	t.regex(JSON.stringify(await redact(value)), /nested too deep/)
})

test('the cheap look lets nothing pass that would be changed', async (t) => {
	const words = fc.constantFrom('password', 'x', 'Token', 'api-key', 'api', 'max_tokens', 'Cookie', 'private key', 'bearer', 'é"\\password')
	const texts = fc.constantFrom(
		'a',
		'Bearer abcdefgh12',
		'taskq_ab_0123456789abcdef',
		'x://u:p@h',
		'x://u\n:p@h',
		'pass',
		'"://a:b\\c@d',
		'bearer\tabcdefghi',
		'PgPassword=x',
		'pwd="a\nb"',
		'api-keys=1',
		'ACCESS_KEY=é',
		'credentials=',
	)
	const { value } = fc.letrec((tie) => ({
		value: fc.oneof(
			{ depthSize: 'small' },
			texts,
			fc.integer(),
			fc.constant(null),
			fc.array(tie('value'), { maxLength: 3 }),
			fc.dictionary(words, tie('value'), { maxKeys: 3 }),
		),
	}))
	const values = fc.sample(value, 2000)

	const differing = await db.rows(
		`select v.value from jsonb_array_elements($1::jsonb) as v where taskq_private.shown(v.value) <> taskq.redact(v.value)
			or jsonb_typeof(v.value) = 'string' and taskq_private.shown_text(v.value #>> '{}') <> taskq.redact(v.value) #>> '{}'`,
		[JSON.stringify(values)],
	)
	const { changed } = await db.row(
		'select count(*)::int as changed from jsonb_array_elements($1::jsonb) as v where taskq.redact(v.value) <> v.value',
		[JSON.stringify(values)],
	)

	t.deepEqual(differing, [])
	t.true(changed > 100, 'the samples hold too little to redact')
})

test('nobody sees a secret, or another queue, by functions of their own that are found first', async (t) => {
	const client = await db.client()
	await registerTypes(db, 'echo')
	const { job_id } = await db.row(`select * from taskq.submit_job('echo', '{"password": "hunter2"}', run_at => now() + interval '1 day')`)
	await client.query('create schema own authorization taskq_reader')
	await client.query('set role taskq_reader')
	await client.query(`create function own.lower(text) returns text language sql immutable as $$ select ''::text $$`)
	await client.query(`create function own.current_setting(text, boolean) returns text language sql immutable as $$ select ''::text $$`)
	await client.query('set search_path = own, pg_catalog')

	const { rows } = await client.query('select payload from taskq.jobs where job_id = $1', [job_id])
	await client.query(`set taskq.queues = '{other}'`)
	const others = await client.query('select payload from taskq.jobs where job_id = $1', [job_id])

	t.deepEqual(rows, [{ payload: { password: GONE } }])
	t.deepEqual(others.rows, [])
})
