import test from 'ava'
import { useDb } from '../support/db.ts'
import { codesOf, keyOf } from '../support/resources.ts'
import { openSessions, outcomeOf } from '../support/sessions.ts'
import { jobIds, makeStage, submitEach } from '../support/stage.ts'

const db = useDb(test)

async function keyed() {
	const stage = await makeStage(db)
	const key = `key-${stage.type}`
	const request = { type: stage.type, concurrency_key: key }
	return { stage, key, request, submit: (count: number) => stage.submit(...Array(count).fill(request)) }
}

test.serial('the next parked job is being cancelled when its turn comes: the one behind it goes', async (t) => {
	const { stage, submit } = await keyed()
	const ids = await submit(3)
	const held = await stage.claim()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('cancelJob', [ids[1], null])
	const end = await b!.waiting('completeJob', [held.claim_id, ids[0], null])
	await a!.query('commit')
	await end.done

	t.deepEqual([await stage.status(ids[1]!), jobIds(await stage.claim(5))], ['cancelled', [ids[2]]])
})

test.serial('that cancel gives up: the job goes after all', async (t) => {
	const { stage, submit } = await keyed()
	const ids = await submit(3)
	const held = await stage.claim()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('cancelJob', [ids[1], null])
	const end = await b!.waiting('completeJob', [held.claim_id, ids[0], null])
	await a!.query('rollback')
	await end.done

	t.deepEqual(jobIds(await stage.claim(5)), [ids[1]])
})

test.serial('a parked job is cancelled while it is let go: it is cancelled, and the next goes', async (t) => {
	const { stage, key, submit } = await keyed()
	const ids = await submit(3)
	const held = await stage.claim()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('completeJob', [held.claim_id, ids[0], null])
	const cancel = await b!.waiting('cancelJob', [ids[1], null])
	await a!.query('commit')
	await cancel.done

	t.deepEqual([await stage.status(ids[1]!), jobIds(await stage.claim(5))], ['cancelled', [ids[2]]])
	t.deepEqual(await keyOf(db, key), { limit: 1, out: 1, parked: 0 })
})

test.serial('a parked job is made to wait for a parent that is replayed, when its turn comes: it waits, and is not lost', async (t) => {
	const { stage, key, request } = await keyed()
	const [parent] = await stage.submit({})
	await stage.failAll()
	const [first] = await stage.submit(request)
	const [child] = await stage.submit({ ...request, depends_on: [{ job: parent, condition: 'finished' }] })
	const held = await stage.claim()
	const before = await codesOf(db, child!)
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('retryJob', [parent, false])
	const end = await b!.waiting('completeJob', [held.claim_id, first, null])
	await a!.query('commit')
	await end.done

	t.deepEqual([before, await codesOf(db, child!)], [['concurrency_limit'], ['blocked_by']])
	t.deepEqual(await keyOf(db, key), { limit: 1, out: 0, parked: 0 })
	await stage.completeAll()
	t.deepEqual(jobIds(await stage.claim(5)), [child])
})

test.serial('a job is submitted while the only one of its key ends: it does not stay parked', async (t) => {
	const { stage, request, submit } = await keyed()
	const [first] = await submit(1)
	const held = await stage.claim()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	const { rows } = await a!.query('select job_id from taskq.submit_each($1)', [JSON.stringify([request])])
	const end = await b!.waiting('completeJob', [held.claim_id, first, null])
	await a!.query('commit')
	await end.done

	t.deepEqual(jobIds(await stage.claim(5)), [rows[0].job_id])
})

test.serial('a job is submitted while the last of its key is deleted: the key is there, with its job', async (t) => {
	const { stage, key, request, submit } = await keyed()
	const [last] = await submit(1)
	await stage.failAll()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('discardJob', [last])
	const added = await b!.waiting('submitEach', [JSON.stringify([request])])
	await a!.query('commit')
	await added.done

	t.deepEqual(await keyOf(db, key), { limit: 1, out: 1, parked: 0 })
})

test.serial('the last job of a key is deleted while one is submitted: the key stays', async (t) => {
	const { stage, key, request, submit } = await keyed()
	const [last] = await submit(1)
	await stage.failAll()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.call('submitEach', [JSON.stringify([request])])
	const discard = await b!.waiting('discardJob', [last])
	await a!.query('commit')
	await discard.done

	t.deepEqual(await keyOf(db, key), { limit: 1, out: 1, parked: 0 })
})

test.serial('a limit is raised while a job of the key ends: as many go as it allows', async (t) => {
	const { stage, key, submit } = await keyed()
	const ids = await submit(5)
	const held = await stage.claim()
	const [a, b] = await openSessions(db, 2)

	await a!.query('begin')
	await a!.query('select taskq.set_concurrency_limit($1, 3)', [key])
	const end = await b!.waiting('completeJob', [held.claim_id, ids[0], null])
	await a!.query('commit')
	await end.done

	t.deepEqual(await keyOf(db, key), { limit: 3, out: 3, parked: 1 })
})

test.serial('batches with the same keys in opposite order do not deadlock', async (t) => {
	const stage = await makeStage(db)
	const keys = Array.from({ length: 10 }, (_, n) => ({ type: stage.type, concurrency_key: `${stage.type}-${n}` }))
	const sessions = await openSessions(db, 8)

	const answers = await Promise.all(
		sessions.map(async (session, n) => {
			const client = { query: (statement: { text: string; values: unknown[] }) => session.query(statement.text, statement.values) }
			for (let turn = 0; turn < 10; turn++) await submitEach(client as never, n % 2 ? keys : [...keys].reverse())
			return 'ok'
		}),
	)

	t.deepEqual(answers, Array(8).fill('ok'))
	t.is(
		(
			await db.row('select count(*)::int as parked from taskq_private.keyed_jobs where not is_admitted and concurrency_key like $1', [
				`${stage.type}-%`,
			])
		).parked,
		790,
	)
})

test.serial('jobs end, are cancelled and are replayed at once under a few keys: at most a deadlock that is tried again', async (t) => {
	const stage = await makeStage(db)
	const requests = Array.from({ length: 120 }, (_, n) => ({ concurrency_key: `${stage.type}-${n % 4}`, concurrency_limit: 2 }))
	const ids = await stage.submit(...requests)
	const sessions = await openSessions(db, 8)
	const seen = new Set<string>()

	await Promise.all(
		sessions.map(async (session, n) => {
			const worker = await stage.addWorker()
			for (let turn = 0; turn < 30; turn++) {
				const id = ids[(turn * 31 + n * 7) % ids.length]
				const answer =
					n < 5
						? await outcomeOf(session.call<{ claim_id: string; jobs: { job_id: string }[] }>('claimNextJob', [worker, 3, null]))
						: await outcomeOf(session.call(n === 5 ? 'retryJob' : 'cancelJob', n === 5 ? [id, false] : [id, null]))
				if (typeof answer === 'string') seen.add(answer)
				else if (n < 5) {
					const [claimed] = answer as { claim_id: string; jobs: { job_id: string }[] }[]
					const outcomes = claimed!.jobs.map(({ job_id }, at) => ({
						claim_id: claimed!.claim_id,
						job_id,
						outcome: at % 3 === 2 ? 'failed' : 'completed',
					}))
					for (;;) {
						const reported = await outcomeOf(session.call('claimNextJob', [worker, 0, JSON.stringify(outcomes)]))
						if (typeof reported !== 'string') break
						seen.add(reported)
					}
				}
			}
			await session.query('select taskq.stop_worker($1)', [worker])
		}),
	)

	t.deepEqual(
		[...seen].filter((code) => !/^(TQ409|40P01)$/.test(code)),
		[],
	)
})
