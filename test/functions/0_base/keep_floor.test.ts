import test, { type ExecutionContext } from 'ava'
import type { Claim } from '../../../db/calls.ts'
import { type Db, makeDb } from '../../support/db.ts'
import { openSession, type Session } from '../../support/sessions.ts'
import { jobIds, makeStage } from '../../support/stage.ts'

/** Blocks of a table that a statement of this session reads. */
async function blocksRead(session: Session, table: string, act: () => Promise<unknown>): Promise<number> {
	const seen = async () =>
		Number(
			(await session.query('select pg_stat_get_xact_blocks_fetched($1::regclass) as blocks', [`taskq_private.${table}`])).rows[0].blocks,
		)
	await session.query('begin')
	const before = await seen()
	await act()
	const read = (await seen()) - before
	await session.query('commit')
	return read
}

/** Takes `count` jobs in claims of `size` and completes them with the next claim. */
async function drain(session: Session, worker: string, size: number): Promise<number> {
	let outcomes: unknown[] | null = null
	for (let taken = 0; ; ) {
		const [claimed]: Claim[] = await session.call<Claim>('claimNextJob', [worker, size, outcomes && JSON.stringify(outcomes)])
		if (claimed!.jobs.length === 0) return taken
		taken += claimed!.jobs.length
		outcomes = jobIds(claimed!).map((job_id) => ({ claim_id: claimed!.claim_id, job_id, outcome: 'completed' }))
	}
}

/** A database where an old snapshot is held, so that nothing of what is deleted can be removed. */
async function withOldSnapshot(t: ExecutionContext, use: (db: Db) => Promise<void>): Promise<void> {
	const db = await makeDb()
	t.teardown(() => db.drop())
	const holder = await openSession(db)
	await holder.query('begin isolation level repeatable read')
	await holder.query('select count(*) from taskq_private.ready_jobs')
	await use(db)
	await holder.query('rollback')
	t.deepEqual(await db.breaches(), [])
}

const many = (count: number, request: Record<string, unknown> = {}) => Array<Record<string, unknown>>(count).fill(request)

for (const { table, of = table, size, submit } of [
	{ table: 'ready_jobs', size: 1000, submit: (round: number) => many(2000, { priority: 1 + (round % 2) }) },
	{ table: 'claims', size: 1, submit: () => many(400) },
	{
		table: 'claims',
		of: 'claims, of jobs that take of a pool',
		size: 1,
		submit: () => many(400, { resource_requirements: { licence: 1 } }),
	},
	{ table: 'waiting_jobs', size: 1000, submit: () => many(2000, { run_at: new Date(Date.now() + 10).toISOString() }) },
])
	test(`while an old snapshot is held, a claim does not walk over all dead rows of ${of}, and a new session does so once`, async (t) =>
		withOldSnapshot(t, async (db) => {
			await db.query(`select taskq.set_pool('licence', 10)`)
			const stage = await makeStage(db, { concurrency: 1000 })
			const session = await openSession(db)
			const newcomer = await openSession(db)
			const claim = (by: Session) => blocksRead(by, table, () => by.call('claimNextJob', [stage.worker, 1, null]))

			for (let round = 0; round < 4; round++) {
				await stage.submit(...submit(round))
				await db.query(`update taskq_private.waiting_jobs set due_at = now() where status = 'pending'`)
				while ((await drain(session, stage.worker, size)) > 0);
				await db.query('select pg_sleep(0.12)') // a floor is a tenth of a second behind what was seen
				await drain(session, stage.worker, size)
			}
			await stage.submit({}, {})
			await session.query(`select set_config(name, (setting::jsonb || '{"full_at": 4e9}')::text, false)
				from unnest('{taskq.lane_floors,taskq.due_floor,taskq.granted}'::text[]) as name, lateral (select nullif(current_setting(name, true), '') as setting) as s where setting is not null`)
			const [knows, learns] = [await claim(session), await claim(newcomer)]

			t.log(`${knows} blocks, a new session ${learns}`)
			t.true(knows <= 40, `${knows}`)
			t.true(learns > 40, `${learns}`)
		}))
