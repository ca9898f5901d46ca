import type { LookupAddress } from 'node:dns'
import test from 'ava'
import { FatalError } from '../../../../worker/task.ts'
import { httpRequest } from '../../../../worker/tasks/http-request.ts'
import { isAllowed } from '../../../../worker/tasks/lib/addresses.ts'
import { guardedFetch, type Question } from '../../../../worker/tasks/lib/fetch.ts'
import { listen, refusedFields } from '../support.ts'

const ask = (url: string, given: Partial<Question> = {}) =>
	guardedFetch({ url, method: 'GET', headers: {}, timeoutSeconds: 60, signal: new AbortController().signal, ...given })

test.beforeEach(() => {
	delete process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES
})

test.serial('no spelling of the loopback address gets a connection', async (t) => {
	const victim = await listen((_request, response) => response.end('secret'))
	t.teardown(victim.close)
	const hosts = [
		'127.0.0.1',
		'2130706433',
		'0x7f.1',
		'127.1',
		'0177.0.0.1',
		'0',
		'[::ffff:127.0.0.1]',
		'[::ffff:7f00:1]',
		'[::1]',
		'[::]',
		'localhost',
	]

	for (const host of hosts)
		await t.throwsAsync(ask(`http://${host}:${victim.port}/`), { instanceOf: FatalError, message: /refused to connect/ }, host)
	// with the dot some hosts resolve it and some do not: either way nothing may arrive
	await t.throwsAsync(ask(`http://localhost.:${victim.port}/`))

	t.is(victim.connections(), 0)
})

test.serial('a user name before the @ is no way around, in the first address or in a redirect', async (t) => {
	const victim = await listen((_request, response) => response.end('secret'))
	t.teardown(victim.close)
	const url = `http://example.com@127.0.0.1:${victim.port}/`
	const start = await listen((_request, response) => response.writeHead(302, { location: url }).end())
	t.teardown(start.close)
	process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES = 'true'

	const refused = refusedFields(httpRequest, { url })
	const redirected = ask(start.url)

	t.deepEqual(refused, ['url'])
	await t.throwsAsync(redirected, { instanceOf: FatalError, message: /user name/ })
	t.is(victim.connections(), 0)
})

test.serial('a redirect to a private or metadata address is not followed', async (t) => {
	const victim = await listen((_request, response) => response.end('secret'), '127.0.0.2')
	t.teardown(victim.close)
	let location = ''
	const start = await listen((_request, response) => response.writeHead(302, { location }).end())
	t.teardown(start.close)
	process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES = '127.0.0.1/32'

	for (location of [
		victim.url,
		'http://169.254.169.254/latest/meta-data/',
		`http://localhost.:${victim.port}`,
		'file:///etc/passwd',
		'ftp://127.0.0.2/',
	]) {
		const asking = ask(start.url, { resolve: async () => [{ address: '127.0.0.2', family: 4 }] })

		await t.throwsAsync(asking, { instanceOf: FatalError }, location)
	}
	t.is(start.requests.length, 5)
	t.is(victim.connections(), 0)
})

test.serial('a name server that changes its answer cannot move the connection to another address', async (t) => {
	const victim = await listen((_request, response) => response.end('secret'))
	t.teardown(victim.close)
	const controller = new AbortController()
	let lookups = 0
	const rebind = async (): Promise<LookupAddress[]> => {
		if (lookups++ > 0) return [{ address: '127.0.0.1', family: 4 }]
		// the socket dials the public address now; where there is no network it is given up here
		setTimeout(() => controller.abort(), 100)
		return [{ address: '8.8.8.8', family: 4 }]
	}

	await t.throwsAsync(ask(`http://rebind.example:${victim.port}/`, { resolve: rebind, signal: controller.signal }), { any: true })

	t.is(lookups, 1)
	t.is(victim.connections(), 0)
})

test.serial('a name is refused if any one of its addresses is private', async (t) => {
	const victim = await listen((_request, response) => response.end('secret'))
	t.teardown(victim.close)
	const resolve = async () => [
		{ address: '8.8.8.8', family: 4 },
		{ address: '127.0.0.1', family: 4 },
	]

	const asking = ask(`http://mixed.example:${victim.port}/`, { resolve })

	await t.throwsAsync(asking, { instanceOf: FatalError, message: /127\.0\.0\.1 of mixed\.example/ })
	t.is(victim.connections(), 0)
})

test.serial('the addresses that the socket gets are the ones that were tested', async (t) => {
	const server = await listen((_request, response) => response.end('hello'))
	t.teardown(server.close)
	process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES = '127.0.0.1/32'

	const answer = await ask(`http://pinned.example:${server.port}/`, { resolve: async () => [{ address: '127.0.0.1', family: 4 }] })

	t.is(answer.body.toString(), 'hello')
	t.is(server.requests[0]!.headers.host, `pinned.example:${server.port}`)
})

test('every special network is private and the rest is public', (t) => {
	const special =
		'0.0.0.0 10.1.2.3 100.64.0.1 127.8.9.1 169.254.169.254 172.31.0.1 192.0.0.8 192.168.0.1 198.18.0.1 198.19.255.1 203.0.113.9 224.0.0.1 ' +
		'240.0.0.1 255.255.255.255 168.63.129.16 :: ::1 ::7f00:1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1 64:ff9b::7f00:1 64:ff9b:1::1 ' +
		'::ffff:127.0.0.1 ::ffff:8.8.8.8 2002:7f00:1:: 2001::1 2001:db8::1 100::1 4000::1 nonsense'
	const open = '1.1.1.1 8.8.8.8 172.32.0.1 100.128.0.1 198.20.0.1 2606:4700::1111 2a00:1450::1'

	const allowed = special.split(' ').filter(isAllowed)
	const refused = open.split(' ').filter((address) => !isAllowed(address))

	t.deepEqual([allowed, refused], [[], []])
})

test.serial('a list of networks lets in these and no others', (t) => {
	process.env.TASKQ_ALLOW_PRIVATE_ADDRESSES = '10.1.0.0/16, fd00::/8'

	const allowed = ['10.1.2.3', '10.2.0.1', 'fd00::1', 'fc00::1', '127.0.0.1'].filter(isAllowed)

	t.deepEqual(allowed, ['10.1.2.3', 'fd00::1'])
})
