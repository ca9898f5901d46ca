import type { LookupAddress } from 'node:dns'
import test, { type ExecutionContext } from 'ava'
import { freePort } from '../../db/embedded-process.ts'
import { httpRequest } from '../../worker/tasks/http-request.ts'
import { guardedFetch } from '../../worker/tasks/lib/fetch.ts'
import { submit, useDb } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { startWorker } from '../support/worker.ts'
import { listen } from '../worker/tasks/support.ts'

const db = useDb(test)

/** On a loopback address of its own: who comes here has come through. */
async function listenOn(t: ExecutionContext, host: string, answer: Parameters<typeof listen>[0], port = 0) {
	const server = await listen(answer, host, port)
	t.teardown(server.close)
	return server
}

/** Runs `http_request` jobs as a worker does, and answers how each ended. */
async function runAll(urls: string[], headers: Record<string, string> = {}): Promise<{ url: string; status: string; error: string }[]> {
	const ids = new Map<string, string>()
	const answers: { url: string; status: string; error: string }[] = []
	for (const url of urls) {
		const payload = { url, headers, timeout_seconds: 5 }
		await submit(db, { type: 'http_request', payload, retry_config: { max_attempts: 1 } }).then(
			({ id }) => ids.set(id, url),
			(error: Error) => answers.push({ url, status: 'refused', error: error.message }),
		)
	}
	for (const [id, url] of ids) {
		const { status, error } = await until(() =>
			db.row("select status, error from taskq.jobs where job_id = $1 and status in ('completed', 'failed')", [id]),
		)
		answers.push({ url, status, error: error?.message ?? '' })
	}
	return answers
}

const spellings = (port: number) =>
	[
		...[
			'127.0.0.1',
			'2130706433',
			'0x7f.1',
			'0x7f000001',
			'0177.0.0.1',
			'017700000001',
			'127.1',
			'127.0.1',
			'127.000.000.001',
			'0',
			'0.0.0.0',
			'127.127.127.127',
		],
		...[
			'[::1]',
			'[::]',
			'[::ffff:127.0.0.1]',
			'[::ffff:7f00:1]',
			'[0:0:0:0:0:ffff:127.0.0.1]',
			'[::127.0.0.1]',
			'[64:ff9b::7f00:1]',
			'[2002:7f00:1::]',
		],
		...['localhost', 'LOCALHOST', 'localhost.', '①②⑦.⓪.⓪.①', '127。0。0。1', '127.0.0.1.', '%31%32%37.0.0.1'],
		...[
			'user@127.0.0.1',
			'example.com@127.0.0.1',
			'example.com%40127.0.0.1',
			'127.0.0.1#@example.com',
			'127.0.0.1?@example.com',
			'127.0.0.1\\@example.com',
		],
	].flatMap((host) => {
		const at = /[#?\\]/.exec(host)?.index ?? host.length
		return [`http://${host.slice(0, at)}:${port}/${host.slice(at)}`, `https://${host.slice(0, at)}:${port}/`]
	})

const elsewhere = (port: number) => [
	...[
		'file:///etc/passwd',
		'ftp://127.0.0.1/',
		'gopher://127.0.0.1:6379/_',
		'data:text/plain,x',
		'unix:/var/run/docker.sock',
		`//127.0.0.1:${port}/`,
		'http://',
	],
	...[
		'http://169.254.169.254/latest/meta-data/',
		'http://[fd00:ec2::254]/',
		'http://168.63.129.16/',
		'http://10.0.0.1/',
		'http://192.168.0.1/',
		'http://100.64.0.1/',
	],
	...[
		`http://127.0.0.1:${port}\r\nX-Evil: 1/`,
		`http://127.0.0.1:${port}/\r\nX-Evil: 1`,
		`http://127.0.0.1\t:${port}/`,
		` http://127.0.0.1:${port}/`,
	],
]

test.serial('no job gets a connection to this machine or its network, however the address is written', async (t) => {
	delete process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES
	const victim = await listenOn(t, '127.0.0.1', (_request, response) => response.end('secret'))
	await startWorker(t, db, [httpRequest])

	const answers = await runAll([...spellings(victim.port), ...elsewhere(victim.port)])

	t.deepEqual(
		answers.filter(({ status }) => status === 'completed'),
		[],
	)
	t.true(answers.length > 70)
	t.is(victim.connections(), 0)
	t.false(answers.some(({ error }) => error.includes('secret')))
})

test.serial('no redirect leads there either, by whatever status and at whatever step', async (t) => {
	process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES = '127.0.0.1/32'
	t.teardown(() => delete process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES)
	// some targets end at 127.0.0.1, which is allowed here: at a port that no other test's server is given by the system
	const victim = await listenOn(t, '127.0.0.2', (_request, response) => response.end('secret'), await freePort())
	const targets = [victim.url, ...elsewhere(victim.port), `http://0x7f000002:${victim.port}/`, `http://[::ffff:127.0.0.2]:${victim.port}/`]
	const start = await listenOn(t, '127.0.0.1', ({ url = '/' }, response) => {
		const [, status, steps, target] = url.split('/').map(Number) as [number, number, number, number]
		const location = steps > 0 ? `/${status}/${steps - 1}/${target}` : targets[target]!.replace(/[\r\n]/g, '')
		response.writeHead(status, { location }).end()
	})
	await startWorker(t, db, [httpRequest])
	const urls = [301, 302, 303, 307, 308].flatMap((status) =>
		[0, 2].flatMap((steps) => targets.map((_, target) => `${start.url}/${status}/${steps}/${target}`)),
	)

	const answers = await runAll(urls)

	t.true(start.connections() > 0)
	t.deepEqual(
		answers.filter(({ status }) => status === 'completed'),
		[],
	)
	t.is(victim.connections(), 0)
})

test.serial('a name server that changes its answer, or gives several, leads nowhere', async (t) => {
	const victim = await listenOn(t, '127.0.0.1', (_request, response) => response.end('secret'))
	const other: LookupAddress = { address: '192.0.2.1', family: 4 } // is nobody's
	const here: LookupAddress = { address: '127.0.0.1', family: 4 }
	const answers: LookupAddress[][] = [
		[here],
		[other, here],
		[here, other],
		[{ address: '::ffff:127.0.0.1', family: 6 }],
		[{ address: '::1', family: 6 }],
		[other],
	]

	for (const first of answers) {
		let asked = 0
		const resolve = async () => (asked++ === 0 ? first : [here])
		const signal = AbortSignal.timeout(300)
		const asking = guardedFetch({
			url: `http://rebind.example:${victim.port}/`,
			method: 'GET',
			headers: {},
			timeoutSeconds: 5,
			signal,
			resolve,
		})

		await t.throwsAsync(asking, { any: true })
		t.true(asked <= 1)
	}
	t.is(victim.connections(), 0)
})

test.serial('a header of a job is one header of its request', async (t) => {
	process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES = '127.0.0.1/32'
	t.teardown(() => delete process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES)
	const server = await listenOn(t, '127.0.0.1', (_request, response) => response.end('ok'))
	await startWorker(t, db, [httpRequest])
	const bad: Record<string, string>[] = [
		...[
			'a\r\nX-Evil: 1',
			'a\nX-Evil: 1',
			'a\rX-Evil: 1',
			'a\r\n\r\nGET /evil HTTP/1.1\r\nHost: x',
			'a\u560d\u560aX-Evil: 1',
			'a\u010d\u010aX-Evil: 1',
		].map((value) => ({ 'X-A': value })),
		...['X\r\nX-Evil', 'X: 1\r\nX-Evil', 'X Evil', 'X\u010aEvil', '', '__proto__:'].map((name) => ({ [name]: '1' })),
		...['Host', 'Content-Length', 'Transfer-Encoding', 'Connection', 'Upgrade', 'Proxy-Authorization', 'TE', 'Keep-Alive', 'Expect'].map(
			(name) => ({ [name]: '1' }),
		),
	]

	for (const headers of bad) {
		const [{ status } = { status: '' }] = await runAll([server.url], headers)
		t.true(status === 'refused' || status === 'failed', `${JSON.stringify(headers)}: ${status}`)
	}
	t.false(server.requests.some(({ headers, url }) => 'x-evil' in headers || url === '/evil'))
	t.is((await runAll([server.url], { 'X-A': 'a' }))[0]!.status, 'completed')
})
