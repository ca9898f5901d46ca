import test from 'ava'
import { callOne } from '../../db/calls.ts'
import { useServer } from '../server/support.ts'
import { useChromium } from './chromium.ts'

const { db, api } = useServer(test)
const { test: inChromium, open } = useChromium(test)

inChromium('/docs shows every operation, asks no other server, and keeps to its policy', async (t) => {
	const { page, faults } = await open(`${api.url}/docs`)
	const { paths } = (await api.get('/openapi.json')).body
	await page.waitForSelector('.opblock')
	const shown = await page.locator('.opblock').count()

	t.is(shown, Object.values<object>(paths).flatMap((methods) => Object.keys(methods)).length)
	t.regex(await page.locator('.info .title').innerText(), /taskq/)
	t.deepEqual(faults, [])
})

inChromium('a job is submitted from /docs, with an API key', async (t) => {
	const { api_key } = await callOne<{ api_key: string }>(db.pool, 'createApiKey', ['from the page', 'taskq_client', null])
	const { page, faults } = await open(`${api.url}/docs`)
	await page.locator('.auth-wrapper button.authorize').first().click()
	await page.locator('.auth-container input').fill(api_key)
	await page.locator('.auth-btn-wrapper button.authorize').click()
	await page.locator('.auth-btn-wrapper button.btn-done').click()

	const operation = page.locator('#operations-jobs-postJobs')
	await operation.locator('.opblock-summary-control').click()
	await operation.locator('textarea.body-param__text').fill('{"type": "echo", "name": "from the page"}')
	await operation.locator('button.execute').click()
	const status = operation.locator('.live-responses-table .response .response-col_status').first()
	await status.waitFor()

	t.regex(await status.innerText(), /^201/)
	t.like(await db.row("select status, created_by from taskq.jobs where name = 'from the page'"), {
		status: 'ready',
		created_by: 'from the page',
	})
	t.deepEqual(faults, [])
})

inChromium('a policy that is broken, and another server, are noticed', async (t) => {
	const { page, faults } = await open(`${api.url}/docs`)
	await page.evaluate("fetch('http://127.0.0.2:9/').catch(() => {})")

	t.true(
		faults.some((fault) => /policy/i.test(fault)),
		faults.join('\n'),
	)
})

test('what /docs loads is kept for an hour, and nothing else of the package is served', async (t) => {
	for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js', 'initializer.js', 'favicon-32x32.png']) {
		const { status, headers } = await fetch(`${api.url}/docs/${file}`)
		t.is(status, 200)
		t.is(headers.get('cache-control'), 'public, max-age=3600')
		const again = await fetch(`${api.url}/docs/${file}`, {
			headers: { 'If-Modified-Since': headers.get('last-modified')!, 'Cache-Control': '' },
		})
		t.is(again.status, 304, file)
	}
	for (const file of ['index.html', 'swagger-initializer.js', 'package.json', '..%2fpage.html', '%2e%2e/app.ts'])
		t.is((await fetch(`${api.url}/docs/${file}`)).status, 404, file)
	const page = await fetch(`${api.url}/docs`)
	t.regex(page.headers.get('content-security-policy')!, /^default-src 'none'; script-src 'self'; style-src 'self';/)
})
