import test from 'ava'
import { claim, registerWorker } from '../support/db.ts'
import { type Json, useServer } from './support.ts'

const { db, api } = useServer(test)

const look = async (path: string, etag?: string): Promise<{ status: number; etag: string; text: string; headers: Headers }> => {
	const { status, headers, ...answer } = await fetch(api.url + path, { headers: etag === undefined ? {} : { 'If-None-Match': etag } }).then(
		async (response) => ({ status: response.status, headers: response.headers, text: await response.text() }),
	)
	return { status, headers, etag: headers.get('etag')!, text: answer.text }
}

test('a job is not sent again to whoever has it, until something about it changes', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['etag'] })
	const { id } = await api.submit({ queue: 'etag' })
	const path = `/jobs/${id}`

	const first = await look(path)
	const same = await look(path, first.etag)
	const { claim_id } = await claim(db, worker)
	const running = await look(path, first.etag)
	await claim(db, worker, 0, [{ claim_id: claim_id!, job_id: id, outcome: 'completed', result: null }])
	const completed = await look(path, running.etag)

	t.regex(first.etag, /^"[\w-]{27}"$/)
	t.like(same, { status: 304, text: '', etag: first.etag })
	t.is(first.headers.get('cache-control'), 'private, no-cache')
	t.deepEqual([running.status, completed.status], [200, 200])
	t.is(new Set([first.etag, running.etag, completed.etag]).size, 3)
	t.is(JSON.parse(completed.text).status, 'completed')
})

test('If-None-Match is read as HTTP has it', async (t) => {
	const { id } = await api.submit({ queue: 'tags' })
	const { etag } = await look(`/jobs/${id}`)
	const known = ['*', etag, `W/${etag}`, `"other", ${etag}`, `${etag},"other"`, ` ${etag} `]
	const unknown = ['', '"other"', etag.slice(1, -1), `${etag}x`, 'W/"other"', '"*"']

	for (const value of known) t.is((await look(`/jobs/${id}`, value)).status, 304, value)
	for (const value of unknown) t.is((await look(`/jobs/${id}`, value)).status, 200, value)
})

/** Follows Link from page to page; answers what each had under `name`. */
async function follow(path: string, name: string): Promise<Json[][]> {
	const pages: Json[][] = []
	for (let next: string | undefined = path; next; ) {
		const { body, headers } = await api.get(next)
		pages.push(body[name])
		next = /^<([^<>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]
		if ((next !== undefined) !== (body.next_cursor !== null)) throw new Error('Link and next_cursor do not agree')
	}
	return pages
}

test('every list leads from page to page by Link, with its filters', async (t) => {
	const queue = 'a:b.c-d_e'
	const metadata = { 'what>": <x>; rel="next", é': ['+ &?#'] }
	const ids: string[] = []
	for (let n = 0; n < 5; n++) ids.push((await api.submit({ queue, metadata })).id)
	await api.submit({ queue })
	for (const name of ['w', 'w', 'w']) await api.post('/jobs/batch', { workflow: { name }, jobs: [{ type: 'echo' }] })

	const jobs = await follow(`/jobs?limit=2&queue=${queue}&metadata=${encodeURIComponent(JSON.stringify(metadata))}`, 'jobs')
	const plus = await follow(`/jobs?limit=4&queue=${queue}&created_from=2020-01-01T00:00:00+02:00`, 'jobs')
	const workflows = await follow('/workflows?limit=1&name=w', 'workflows')

	t.deepEqual(
		jobs.map((page) => page.map(({ id }) => id)),
		[[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]],
	)
	t.deepEqual(
		plus.map((page) => page.length),
		[4, 2],
	)
	t.is(workflows.length, 3)
})

test('concurrency keys are paged by Link, whatever is in them', async (t) => {
	const keys = ['a>b', 'c, "d"', 'e; rel="next"']
	for (const key of keys) await api.send('PUT', `/concurrency-keys/${encodeURIComponent(key)}`, { max_running: 1 })
	const seen: string[] = []

	for (let path: string | undefined = '/concurrency-keys?limit=1'; path; ) {
		const { body, headers } = await api.get(path)
		seen.push(...body.concurrency_keys.map((key: Json) => key.concurrency_key))
		path = /^<([^<>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]
	}

	t.deepEqual(seen, keys)
})

test('log lines lead on by Link while a page is full', async (t) => {
	const worker = await registerWorker(db, { types: ['echo'], queues: ['lines'] })
	const { id } = await api.submit({ queue: 'lines' })
	const { claim_id } = await claim(db, worker)
	const logs = ['a', 'b', 'c'].map((message) => ({ level: 'info' as const, message, age_seconds: 0 }))
	await claim(db, worker, 0, [{ claim_id: claim_id!, job_id: id, outcome: 'completed', result: null, logs }])

	const first = await api.get(`/jobs/${id}/logs?limit=2`)
	const second = await api.get(/<(.*)>/.exec(first.headers.get('link')!)![1]!)

	t.is(second.body.logs[0].message, 'c')
	t.is(second.headers.get('link'), null)
})
