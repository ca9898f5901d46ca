import ava from 'ava'
import type { Page } from 'playwright-core'
import { makeAsk, makeKey } from '../server/graphql-support.ts'
import { startTestServer, useServer } from '../server/support.ts'
import { until } from '../support/patience.ts'
import { useChromium } from './chromium.ts'

const { db, api } = useServer(ava)
const { test, open } = useChromium(ava)

const PATIENCE = { timeout: 100_000 }

async function run(page: Page, expected: string): Promise<string> {
	const button = page.locator('.graphiql-execute-button')
	await button.waitFor(PATIENCE)
	await button.click(PATIENCE)
	return until(async () => {
		const text = (await page.locator('.result-window').innerText()).replaceAll(/\s/g, '')
		return text.includes(expected) && text
	})
}

async function write(page: Page, editor: string, text: string): Promise<void> {
	await page.locator(`${editor} .view-lines`).first().click(PATIENCE)
	await page.keyboard.press('Control+A')
	await page.keyboard.insertText(text)
}

test('Ruru loads by itself, asks no other host, and shows what a query and a subscription answer', async (t) => {
	await makeAsk(api)('{ __typename }')
	await api.submit({ queue: 'seen' })

	const { page, faults } = await open(`${api.url}/graphiql`)
	const jobs = await run(page, 'totalCount')
	await write(page, '.graphiql-query-editor', 'subscription { queue(name: "seen") { event queue { readyCount } } }')
	const queue = await run(page, 'readyCount')

	t.regex(jobs, /"totalCount":1,"nodes":\[\{"jobId":"[0-9a-f-]{36}","type":"echo","status":"ready"/)
	t.regex(queue, /"event":"subscribed","queue":\{"readyCount":1\}/)
	t.deepEqual(faults, [])
})

test('where a key is needed, Ruru loads and sends the one under Headers', async (t) => {
	const key = await makeKey(db, 'taskq_reader')
	const server = await startTestServer(db, { env: { API_HOST: '0.0.0.0' } })
	const url = server.url.replace('0.0.0.0', '127.0.0.1')
	await until(async () => (await fetch(`${url}/graphql`, { method: 'POST', headers: key })).status !== 503)

	const { page, faults } = await open(`${url}/graphiql`)
	await run(page, 'unauthenticated')
	await page.getByRole('button', { name: 'Headers', exact: true }).click(PATIENCE)
	await write(page, '.graphiql-editor-tool .graphiql-editor:not(.hidden)', JSON.stringify(key))
	const answer = await run(page, 'totalCount')

	t.regex(answer, /"totalCount":\d+/)
	t.deepEqual(
		faults.filter((fault) => !/^answered 401|status of 401/.test(fault)),
		[],
	)
	await server.stop()
})
