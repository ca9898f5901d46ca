/** A real Chromium for tests of pages: Debian's, or the one that CHROMIUM names. Without one, such tests are skipped, and say so. */
import fs from 'node:fs'
import type { ExecutionContext, TestFn } from 'ava'
import { type Browser, chromium, type Page } from 'playwright-core'

const PROGRAM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-extensions', '--no-first-run', '--no-proxy-server']

/** A slow machine is no failure. */
const LIMIT_MS = 110_000

export interface Visit {
	page: Page
	/** What went wrong so far: requests that failed, that went to another host, or were answered 400 and more; errors of scripts and of the page's policy. */
	faults: string[]
}

/** Opens the page, and listens to what it does; closed at the end of the tests. */
export type Open = (url: string) => Promise<Visit>

type Test<Context> = (title: string, body: (t: ExecutionContext<Context>) => Promise<void>) => void

/** Tests one after the other where there is a Chromium; where there is none they are skipped, and a line says why. */
export function useChromium<Context>(test: TestFn<Context>): { test: Test<Context>; open: Open } {
	let browser: Promise<Browser> | undefined
	test.after.always(async () => (await browser)?.close())
	const there = fs.existsSync(PROGRAM)
	if (!there) console.error(`There is no Chromium at ${PROGRAM}: tests of pages are skipped. Install it, or name one in CHROMIUM.`)
	return { test: there ? test.serial : test.skip, open }

	async function open(url: string): Promise<Visit> {
		browser ??= chromium.launch({ executablePath: PROGRAM, headless: true, args: ARGS })
		const page = await (await browser).newPage()
		page.setDefaultTimeout(LIMIT_MS)
		const faults: string[] = []
		const isOwn = (address: string) => /^(data|blob):/.test(address) || new URL(address).host === new URL(url).host
		page.on('request', (request) => {
			if (!isOwn(request.url())) faults.push(`asked another host: ${request.url()}`)
		})
		page.on('requestfailed', (request) => faults.push(`failed: ${request.url()} ${request.failure()?.errorText}`))
		page.on('response', (response) => {
			if (response.status() >= 400) faults.push(`answered ${response.status()}: ${response.url()}`)
		})
		page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
		page.on('console', (message) => message.type() === 'error' && faults.push(`console: ${message.text()}`))
		await page.goto(url)
		return { page, faults }
	}
}
