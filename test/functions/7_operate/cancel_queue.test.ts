import test from 'ava'
import { useDb } from '../../support/db.ts'
import { makeStage, sqlState } from '../../support/stage.ts'

const db = useDb(test)
const cancel = async (queue: string, type: string | null = null, most = 1000): Promise<number> =>
	(await db.row('select taskq.cancel_queue($1, type => $2, reason => $3, max_jobs => $4) as n', [queue, type, 'bad release', most])).n

test.serial(
	'cancels what waits in a queue and what depends on it, asks what runs to stop once, and leaves other queues alone',
	async (t) => {
		const stage = await makeStage(db)
		const running = await stage.submitOne({ queue: 'x' })
		const claimed = await stage.claim()
		const [ready, later] = await stage.submit({ queue: 'x' }, { queue: 'x', run_at: '2999-01-01T00:00:00Z' })
		const [child, other] = await stage.submit({ queue: 'y', depends_on: [ready] }, { queue: 'y' })

		t.deepEqual([await cancel('x'), await cancel('x')], [3, 0])

		t.deepEqual(await Promise.all([ready, later, child, running, other].map((id) => stage.status(id!))), [
			...['cancelled', 'cancelled', 'cancelled', 'running', 'ready'],
		])
		t.is((await stage.job(ready!)).error?.message, 'bad release')
		t.deepEqual((await stage.claim(0)).cancel_requested, [running])
		await stage.report(claimed, { outcome: 'cancelled' })
		const audit = await db.rows(`select target, details from taskq_private.audit_log where action = 'cancel_queue' order by audit_id`)
		t.deepEqual(audit[0], { target: 'x', details: { reason: 'bad release', cancelled: 2, asked: 1 } })
	},
)

test.serial('is bounded: each call cancels at most max_jobs, until none is left', async (t) => {
	const [stage, spared] = [await makeStage(db), await makeStage(db)]
	await stage.submit(...Array(5).fill({ queue: 'z' }))
	const kept = await spared.submitOne({ queue: 'z' })

	t.deepEqual([await cancel('z', stage.type, 2), await cancel('z', stage.type, 2), await cancel('z', stage.type, 2)], [2, 2, 1])
	t.is(await cancel('z', stage.type, 2), 0)
	t.is(await spared.status(kept), 'ready')
})

test.serial('an unknown queue is refused', async (t) => {
	t.is(await sqlState(cancel('nowhere')), 'TQ404')
})
