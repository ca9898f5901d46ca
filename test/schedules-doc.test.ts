import { execFile } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { clientOf, useServer } from './server/support.ts'
import { HANGS_AFTER_MS } from './support/patience.ts'

const { db, api } = useServer(test)

const doc = fs.readFileSync(path.resolve(import.meta.dirname, '../docs/schedules.md'), 'utf8')
const blocks = (language: string) => [...doc.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, text]) => text!)

test.serial('every SQL line of docs/schedules.md runs for an operator', async (t) => {
	const client = await db.client()
	await client.query('set role taskq_operator')
	const statements = blocks('sql').flatMap((block) => block.replaceAll(/--.*$/gm, '').split(';'))

	for (const sql of statements.filter((text) => text.trim())) await t.notThrowsAsync(client.query(sql), sql)
	t.true(statements.length > 8)
	await client.query(`select taskq.delete_schedule(name) from taskq.schedules`)
})

test.serial('every curl line of docs/schedules.md is answered without an error', async (t) => {
	const host = new URL(clientOf(api.url).url).host
	const script = blocks('sh').join('\n').replaceAll('localhost:8000', host).replaceAll('curl -s ', 'curl -sS --fail-with-body ')

	const run = await new Promise<{ status: unknown; output: string }>((resolve) => {
		execFile('bash', ['-e', '-c', script], { timeout: HANGS_AFTER_MS }, (error, stdout, stderr) =>
			resolve({ status: error ? error.code : 0, output: stdout + stderr }),
		)
	})

	t.is(run.status, 0, run.output)
	t.is((script.match(/curl/g) ?? []).length, 9)
})

test.serial('the table about changes of clocks is true', async (t) => {
	const next = async (cron: string, after: string) =>
		(await db.rows(`select taskq.preview_schedule($1, time_zone => 'Europe/Berlin', after => $2, count => 2) as at`, [cron, after])).map(
			({ at }) => at.toLocaleTimeString('de-DE', { timeZone: 'Europe/Berlin', hour: 'numeric', minute: '2-digit' }),
		)

	t.is((await next('30 2 * * *', '2026-03-28T12:00:00Z'))[0], '3:00')
	t.deepEqual(await next('30 * * * *', '2026-03-28T23:45:00Z'), ['1:30', '3:30'])
	t.deepEqual(await next('30 2 * * *', '2026-10-24T12:00:00Z'), ['2:30', '2:30'])
	t.deepEqual(await next('30 * * * *', '2026-10-24T23:45:00Z'), ['2:30', '2:30'])
})
