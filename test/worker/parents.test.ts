import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { z } from 'zod'
import { type ClaimedJob, call } from '../../db/calls.ts'
import { execute } from '../../worker/execute.ts'
import { RunningJob } from '../../worker/running-job.ts'
import { task } from '../../worker/task.ts'
import { Threads } from '../../worker/threads.ts'
import { submit, useDb } from '../support/db.ts'
import { until } from '../support/patience.ts'
import { anyTask, startWorker, whenStatus } from '../support/worker.ts'
import { tasks } from './fixture-tasks.ts'

const db = useDb(test)

const command = (type: string, script: string) =>
	task({ type, payload: z.looseObject({}), isolation: 'process', command: ['sh', '-c', script] })
const breaking = anyTask('breaking', () => {
	throw new RangeError('broken')
})
const inlineParents = anyTask('inline_parents', (_payload, job) => job.parents())
const commandParents = command('command_parents', 'cat <&3')
const types = ['inline_parents', 'thread_parents', 'command_parents']

/** Submits a graph and answers the id of each of its jobs by name. */
async function submitGraph(...jobs: Record<string, unknown>[]): Promise<Map<string, string>> {
	const rows = await call<{ name: string; job_id: string }>(db.pool, 'submitJobs', [JSON.stringify(jobs)])
	return new Map(rows.map(({ name, job_id }) => [name, job_id]))
}

/** What each kind of child of these parents was given. */
async function givenTo(parents: unknown[]): Promise<Record<string, any>[]> {
	const children = await Promise.all(types.map((type) => submit(db, { type, depends_on: parents })))
	const results = await Promise.all(children.map(async ({ id }) => (await whenStatus(db, id, 'completed')).result))
	return results.map((result) => result.parents ?? result)
}

test.serial('parents reach a child of any isolation under their names, with what they returned or why they failed', async (t) => {
	await startWorker(t, db, [...tasks, breaking, inlineParents, commandParents])
	const depends_on = ['fetch', { job: 'broken', condition: 'failure' }, { job: 'any', condition: 'finished' }]

	const ids = await submitGraph(
		{ name: 'fetch', type: 'quick', payload: { rows: [1, 'zwei'] } },
		{ name: 'broken', type: 'breaking', retry_config: { max_attempts: 1 } },
		{ name: 'any', type: 'quick' },
		...types.map((type) => ({ name: type, type, depends_on })),
	)

	const expected = {
		fetch: { name: 'fetch', type: 'quick', condition: 'success', status: 'completed', result: { rows: [1, 'zwei'] }, error: null },
		broken: { name: 'broken', type: 'breaking', condition: 'failure', status: 'failed', result: null },
		any: { name: 'any', type: 'quick', condition: 'finished', status: 'completed', result: {}, error: null },
	}
	for (const type of types) {
		const { result } = await whenStatus(db, ids.get(type)!, 'completed')
		const parents = result.parents ?? result
		t.deepEqual(Object.keys(parents).sort(), ['any', 'broken', 'fetch'], type)
		for (const [name, parent] of Object.entries(expected)) t.like(parents[name], { id: ids.get(name), leftOut: false, ...parent }, type)
		t.like(parents.broken.error, { name: 'RangeError', message: 'broken' }, type)
	}
})

test.serial('a job without parents is given none', async (t) => {
	await startWorker(t, db, [...tasks, inlineParents, commandParents])

	t.deepEqual(await givenTo([]), [{}, {}, {}])
})

test.serial('parents without a name, and those that share one, go by their ids', async (t) => {
	await startWorker(t, db, [...tasks, inlineParents, commandParents])
	const [nameless, one, two, alone] = await Promise.all(
		[{}, { name: 'twin' }, { name: 'twin' }, { name: 'alone' }].map((named) => submit(db, { type: 'quick', ...named })),
	)
	const namedAsOthers = await Promise.all([nameless!, alone!].map(({ id }) => submit(db, { type: 'quick', name: id })))
	const ids = [nameless!, one!, two!, alone!, ...namedAsOthers].map(({ id }) => id)

	for (const parents of await givenTo(ids)) {
		t.deepEqual(Object.keys(parents).sort(), ids.with(3, 'alone').sort())
		for (const [key, { id }] of Object.entries(parents)) t.is(id, key === 'alone' ? alone!.id : key)
	}
})

test.serial('a parent may be named as anything that objects have by nature', async (t) => {
	const names = ['__proto__', 'constructor', 'hasOwnProperty', 'then', 'toJSON', '1']
	const looking = anyTask('looking', async (_payload, job) => {
		const parents = await job.parents()
		return { hasPrototype: 'toString' in parents, own: names.filter((name) => Object.hasOwn(parents, name)) }
	})
	await startWorker(t, db, [...tasks, looking, inlineParents, commandParents])

	const ids = await submitGraph(
		...names.map((name) => ({ name, type: 'quick', payload: { called: name } })),
		...['looking', ...types].map((type) => ({ name: type, type, depends_on: names })),
	)

	const own = { hasPrototype: false, own: names }
	t.deepEqual((await whenStatus(db, ids.get('looking')!, 'completed')).result, own)
	for (const type of types) {
		const { result } = await whenStatus(db, ids.get(type)!, 'completed')
		const found = new Map<string, any>(Object.entries(type === 'thread_parents' ? result.parents : result))
		for (const name of names) t.deepEqual(found.get(name)?.result, { called: name }, `${type} ${name}`)
		if (type === 'thread_parents') t.false(result.hasPrototype)
	}
})

test.serial('a thread that asks twice at once is answered twice', async (t) => {
	await startWorker(t, db, tasks)

	const ids = await submitGraph({ name: 'a', type: 'quick' }, { name: 'child', type: 'thread_parents', depends_on: ['a'] })

	t.deepEqual((await whenStatus(db, ids.get('child')!, 'completed')).result.again, ['a'])
})

test.serial('results are given until they are 4 MiB together; a command may read them or not', async (t) => {
	const summed = anyTask('summed', async (_payload, job) =>
		Object.values(await job.parents()).map(({ name, status, result, leftOut }) => [
			name,
			status,
			(result as string | null)?.length,
			leftOut,
		]),
	)
	const large = anyTask('large', () => 'x'.repeat(1_000_000))
	const reading = command('reading', 'wc -c <&3')
	const others = [
		command('unread', 'echo done'),
		command('closing', 'exec 3<&-; cat >/dev/null; echo done'),
		command('leaving', 'sleep 0.2; head -c 100000 <&3 >/dev/null; echo done'),
	]
	await startWorker(t, db, [large, summed, reading, ...others])
	const parents = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

	const ids = await submitGraph(
		...parents.map((name) => ({ name, type: 'large' })),
		...['summed', 'reading', 'unread', 'closing', 'leaving'].map((type) => ({ name: type, type, depends_on: parents })),
	)
	const resultOf = async (name: string) => (await whenStatus(db, ids.get(name)!, 'completed')).result

	t.deepEqual(
		await resultOf('summed'),
		parents.map((name, at) => [name, 'completed', at < 5 ? 1_000_000 : null, at >= 5]),
	)
	t.true((await resultOf('reading')) > 5_000_000)
	for (const { type } of others) t.is(await resultOf(type), 'done')
})

test.serial('what a command leaves behind holds neither its job nor a descriptor', async (t) => {
	const pipes = () => process.getActiveResourcesInfo().filter((type) => type === 'PipeWrap').length
	const missing = task({ type: 'missing', payload: z.looseObject({}), isolation: 'process', command: ['/no/such/program'] })
	await startWorker(t, db, [command('daemon', 'sleep 3600 </dev/null >/dev/null 2>&1 & echo $!'), missing, ...tasks])
	const parent = await submit(db, { type: 'quick', payload: { text: 'x'.repeat(900_000) } })
	const before = pipes()

	const { id } = await submit(db, { type: 'daemon', depends_on: [parent.id] })
	const failing = await submit(db, { type: 'missing', depends_on: [parent.id], retry_config: { max_attempts: 1 } })

	const pid = Number((await whenStatus(db, id, 'completed')).result)
	t.teardown(() => process.kill(pid))
	t.regex((await whenStatus(db, failing.id, 'failed')).error.message, /ENOENT/)
	await until(() => pipes() <= before)
})

const marker = (name: string) => path.join(fs.mkdtempSync('/tmp/taskq-parents-'), name)

test.serial('a command whose parents cannot be read is not run, and its attempt failed', async (t) => {
	const file = marker('started')
	t.teardown(() => fs.rmSync(path.dirname(file), { recursive: true }))
	await startWorker(t, db, [command('kept_away', `touch ${file}`)])
	await db.query('revoke execute on function taskq.parent_results from taskq_worker')
	t.teardown(() => db.query('grant execute on function taskq.parent_results to taskq_worker'))

	const { id } = await submit(db, { type: 'kept_away', retry_config: { max_attempts: 1 } })

	const job = await whenStatus(db, id, 'failed')
	t.is(job.reason, 'attempts_exhausted')
	t.regex(job.error.message, /permission denied/)
	t.false(fs.existsSync(file))
})

test.serial('a command that is asked to stop while its parents are read is not run', async (t) => {
	const file = marker('started')
	t.teardown(() => fs.rmSync(path.dirname(file), { recursive: true }))
	const read = Promise.withResolvers<void>()
	const slowly = {
		async query(query: any) {
			await read.promise
			return db.pool.query(query)
		},
	} as any
	const claimed = {
		job_id: crypto.randomUUID(),
		type: 'touching',
		attempt: 1,
		max_attempts: 1,
		timeout_seconds: 60,
		payload: {},
	} as ClaimedJob
	const job = new RunningJob('1', claimed, command('touching', `touch ${file}`), slowly)

	const running = execute(job, new Threads({ size: 1, tasksModule: '', memoryMb: 64 }))
	job.stop('cancelled')
	read.resolve()

	t.is((await running).outcome, 'cancelled')
	t.false(fs.existsSync(file))
})
