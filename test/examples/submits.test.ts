import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { registerTypes, useDb } from '../support/db.ts'
import { root } from '../support/file-rules.ts'
import { HANGS_AFTER_MS } from '../support/patience.ts'

const db = useDb(test)
const example = (file: string) => path.join(root, 'examples', file)
const hasPsql = spawnSync('psql', ['--version']).status === 0

const run = (program: string, ...args: string[]) =>
	spawnSync(program, args, { encoding: 'utf8', timeout: HANGS_AFTER_MS, env: { ...process.env, DATABASE_URL: db.url } })
const placeOrder = (customer: string, total: number) =>
	run(process.execPath, example('order-with-job/place-order.ts'), customer, `${total}`)
const placeOrderInPsql = (customer: string, total: number) =>
	run('psql', '-X', db.url, '-v', `customer=${customer}`, '-v', `total=${total}`, '-f', example('order-with-job/place-order.sql'))

/** The orders of a customer, each with the job that was found by its metadata. */
const ordersOf = (customer: string) =>
	db.rows(
		`select o.total::float, j.type, j.status, j.payload ->> 'to' as recipient, j.idempotency_key = 'confirm-order-' || o.order_id as has_key
		from orders as o left join taskq.jobs as j on j.metadata @> jsonb_build_object('order_id', o.order_id) where o.customer = $1`,
		[customer],
	)
const jobsFor = async (customer: string) =>
	(await db.rows('select from taskq.jobs where payload ->> $1 = $2', ['to', `${customer}@example.com`])).length

test.serial('an order and its job are stored together, and neither when something after the submit fails', async (t) => {
	await registerTypes(db, 'send_email')
	await db.query(fs.readFileSync(example('order-with-job/orders.sql'), 'utf8'))

	const [placed, declined] = [placeOrder('ada', 12.5), placeOrder('eve', 5000)]

	t.is(placed.status, 0, placed.stderr)
	t.deepEqual(await ordersOf('ada'), [{ total: 12.5, type: 'send_email', status: 'ready', recipient: 'ada@example.com', has_key: true }])
	t.not(declined.status, 0)
	t.regex(declined.stderr, /the card was declined/)
	t.deepEqual([await ordersOf('eve'), await jobsFor('eve')], [[], 0])
})

test.serial('the same from psql', async (t) => {
	if (!hasPsql) return t.log('NOT TESTED: there is no psql here. Install postgresql-client and run this again.')

	const [placed, declined] = [placeOrderInPsql('bob', 20), placeOrderInPsql('mallory', 5000)]

	t.is(placed.status, 0, placed.stderr)
	t.deepEqual(await ordersOf('bob'), [{ total: 20, type: 'send_email', status: 'ready', recipient: 'bob@example.com', has_key: true }])
	t.not(declined.status, 0)
	t.deepEqual([await ordersOf('mallory'), await jobsFor('mallory')], [[], 0])
})

test.serial('the trigger submits a job for each row, in the transaction that brings them', async (t) => {
	const images = () =>
		db.rows(
			`select i.url, j.status from images as i left join taskq.jobs as j on (j.payload ->> 'image_id')::bigint = i.image_id order by 1`,
		)
	await registerTypes(db, 'resize_image')
	await db.query(fs.readFileSync(example('trigger/trigger.sql'), 'utf8'))

	await db.query(`insert into images (url) values ('cat.png'), ('dog.png')`)
	await db.query(`insert into images (url) select 'no.png' where false`)
	const client = await db.client()
	await client.query(`begin; insert into images (url) values ('gone.png'); rollback`)

	t.deepEqual(await images(), [
		{ url: 'cat.png', status: 'ready' },
		{ url: 'dog.png', status: 'ready' },
	])
	t.is((await db.rows(`select from taskq.jobs where type = 'resize_image'`)).length, 2)
})

test.serial('an image whose job is not accepted is not stored; a thousand are one call', async (t) => {
	const schema = { type: 'object', required: ['url'], properties: { url: { type: 'string', maxLength: 10 } } }
	await registerTypes(db, { type: 'resize_image', payload_schema: schema })
	const events = async () => (await db.row(`select count(*)::int as n from taskq_private.job_events`)).n

	await t.throwsAsync(db.query(`insert into images (url) values ('x'), (repeat('long', 10))`), { message: /image not accepted: .*url/ })
	const before = await events()
	await db.query(`insert into images (url) select n::text from generate_series(1, 1000) as n`)

	t.is((await db.rows(`select from taskq.jobs where type = 'resize_image'`)).length, 1002)
	t.is((await events()) - before, 1)
})
