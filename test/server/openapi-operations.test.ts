import test from 'ava'
import { WebSocket } from 'ws'
import { makeProxy } from '../faults/proxy.ts'
import { until } from '../support/patience.ts'
import { type Contract, makeContract, operationsOf, type Request } from './openapi/contract.ts'
import { brokenBodies, type Scenario, scenariosOf, UNKNOWN } from './openapi/scenarios.ts'
import { makeStage } from './openapi/stage.ts'
import { startTestServer, useServer } from './support.ts'

const { db, api } = useServer(test)

let contract: Contract
let scenarios: Record<string, Scenario[]>

test.serial('the document is there, and something of each kind to try its operations on', async (t) => {
	contract = makeContract((await api.get('/openapi.json')).body, api.url)
	const stage = await makeStage(db, api)
	const letters = [await stage.run('failed'), await stage.run('failed'), await stage.run('failed'), await stage.run('failed')]
	scenarios = scenariosOf(stage, letters)
	await until(async () => (await api.post('/graphql', { query: '{ __typename }' })).status === 200)
	t.deepEqual(Object.keys(scenarios).toSorted(), names().toSorted(), 'every operation has its scenarios')
})

/** The first request of an operation that succeeds. */
const goodRequest = (name: string): Request => ({ method: name.split(' ')[0]!, ...scenarios[name]![0]! })
const hasBody = (name: string): boolean => {
	const [method, template] = name.split(' ') as [string, string]
	return contract.document.paths[template][method.toLowerCase()].requestBody !== undefined && template !== '/graphql'
}
const isOpen = (name: string): boolean => {
	const [method, template] = name.split(' ') as [string, string]
	return contract.document.paths[template][method.toLowerCase()].security?.length === 0
}
const names = () => operationsOf(contract.document).map(({ method, template }) => `${method} ${template}`)

test.serial('each operation of the document is driven, and answers as it is written', async (t) => {
	const others: string[] = []
	for (const [name, sent] of Object.entries(scenarios)) {
		for (const { expect, ...request } of sent) {
			const method = request.path === '/jobs' && !name.endsWith(' /jobs') ? 'POST' : name.split(' ')[0]!
			const { status, body, text } = await contract.send({ method, ...request })

			const code = body?.type?.startsWith?.('urn:taskq') ? ` ${body.code}` : ''
			if (`${status}${code}` !== expect) others.push(`${name} ${request.path}: not ${expect} but ${status}${code}: ${text.slice(0, 300)}`)
		}
	}
	t.deepEqual(others, [])
	t.deepEqual(contract.breaches, [])
})

test.serial('each example of a body is one that the operation takes', async (t) => {
	const refusals = ['invalid_request', 'invalid_payload', 'unknown_job_type', 'malformed_json']
	for (const name of names().filter(hasBody)) {
		const good = goodRequest(name)
		const { examples } = contract.document.paths[name.split(' ')[1]!][good.method.toLowerCase()].requestBody.content['application/json']
		t.true(Object.keys(examples).length > 0, name)
		for (const { value } of Object.values<{ value: unknown }>(examples)) {
			const { body, text } = await contract.send({ ...good, body: value })
			t.false(refusals.includes(body?.code), `${name}: ${text}`)
		}
	}
	t.deepEqual(contract.breaches, [])
})

test.serial('each wrong body, query and path is refused as it is written', async (t) => {
	for (const name of names()) {
		const good = goodRequest(name)
		const { parameters = [] } = contract.document.paths[name.split(' ')[1]!][good.method.toLowerCase()]
		const limit = name === 'POST /jobs/batch' ? 16 * 2 ** 20 : 2 * 2 ** 20
		for (const [expect, body, headers] of hasBody(name) ? brokenBodies(limit) : []) {
			const answer = await contract.send({ ...good, body, headers: { ...headers } })
			t.is(`${answer.status} ${answer.body.code}`, expect, `${name}: ${answer.text.slice(0, 300)}`)
		}
		if (parameters.some((parameter: { in: string }) => parameter.in === 'query'))
			t.is((await contract.send({ ...good, path: `${good.path.split('?')[0]}?nonsense=1` })).body.code, 'invalid_request', name)
		const [, template] = name.split(' ') as [string, string]
		if (!template.includes('{')) continue
		const at = (value: string) => ({ ...good, path: template.replace(/\{\w+\}/, value) })
		t.is((await contract.send(at('%ff'))).body.code, 'malformed_request', name)
		if (template.includes('{id}')) t.is((await contract.send(at(UNKNOWN))).body.code, 'not_found', name)
		else t.is((await contract.send(at('%00'))).body.code, 'invalid_request', name)
		if (name === 'DELETE /queues/{name}/pause') await contract.send(at('no-such-queue'))
	}
	t.deepEqual(contract.breaches, [])
})

test.serial('whoever may not come in is refused as it is written', async (t) => {
	const ENOUGH = 10
	const stranger = { Authorization: 'Bearer taskq_a_b' }
	const tired = await startTestServer(db) // of keys that are not good
	for (let n = 0; n < ENOUGH; n++) await contract.send({ ...goodRequest('GET /jobs'), headers: stranger }, tired.url)
	let server = tired
	for (const [n, name] of names()
		.filter((name) => !isOpen(name))
		.entries()) {
		if (n % ENOUGH === 0) {
			if (server !== tired) await server.stop()
			server = await startTestServer(db)
		}
		const good = goodRequest(name)

		t.is((await contract.send({ ...good, headers: stranger }, server.url)).status, 401, name)
		t.is((await contract.send({ ...good, headers: stranger }, tired.url)).status, 429, name)
		t.is((await contract.send({ ...good, headers: { Origin: 'http://evil.example' } })).status, 403, name)
	}
	await Promise.all([server.stop(), tired.stop()])
	t.deepEqual(contract.breaches, [])
})

test.serial('while the database is away, everything that needs it is answered 503 as it is written', async (t) => {
	const proxy = await makeProxy(db.url)
	const server = await startTestServer(db, { connectionString: proxy.url })
	t.teardown(async () => {
		await server.stop()
		await proxy.close()
	})

	for (const name of names()) {
		const good = goodRequest(name)
		const { status, body } = await contract.send({ ...good, headers: {} }, server.url)
		if (!isOpen(name) && name !== 'GET /jobs/stream') t.is(`${status} ${body.code}`, '503 database_unavailable', name)
	}

	t.deepEqual(contract.breaches, [])
})

test.serial('what the document has and none of these has seen is known, with a reason', async (t) => {
	const ws = new WebSocket(`${api.url.replace('http', 'ws')}/jobs/stream`)
	ws.on('upgrade', ({ statusCode }) => contract.seen.add(`GET /jobs/stream ${statusCode}`))
	await new Promise((resolve) => ws.on('open', resolve))
	ws.close()

	const unseen = contract.documented().filter((answer) => !contract.seen.has(answer))

	const reasons: Record<string, RegExp> = {
		'it is a defect, and no request is known that shows one': / 500 internal$/,
		'a type, or what its payload must be, has changed since the schedule was set: test/server/schedules.test.ts changes it':
			/^POST \/schedules\/\{name\}\/runs 422 (unknown_job_type|invalid_payload)$/,
		'a volume must be full: test/faults/net/disk.test.ts fills one': / 507 database_full$/,
		'a thousand must wait: test/server/waits.test.ts lets them': /^GET \/jobs\/\{id\} 503 too_many_waits$/,
		'plain requests are told to upgrade before anyone looks at the database': /^GET \/jobs\/stream 503 database_unavailable$/,
	}
	t.deepEqual(
		unseen.filter((answer) => !Object.values(reasons).some((pattern) => pattern.test(answer))),
		[],
	)
	for (const [reason, pattern] of Object.entries(reasons))
		t.true(
			unseen.some((answer) => pattern.test(answer)),
			`no longer needed: ${reason}`,
		)
})
