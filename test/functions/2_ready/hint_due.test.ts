import test from 'ava'
import { useDb } from '../../support/db.ts'
import { makeStage } from '../../support/stage.ts'

const db = useDb(test)

/** Which channels one statement notifies. */
async function hintsOf(act: () => Promise<unknown>): Promise<string[]> {
	const listener = await db.client()
	const heard: string[] = []
	listener.on('notification', ({ channel }) => heard.push(channel))
	await listener.query('listen taskq_ready')
	await listener.query('listen taskq_done')
	await act()
	const done = new Promise((resolve) => listener.on('notification', ({ channel }) => channel === 'taskq_done' && resolve(null)))
	await db.query('notify taskq_done')
	await done
	return [...new Set(heard.filter((channel) => channel !== 'taskq_done'))]
}

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString()

test.serial('a job that is ready wakes workers', async (t) => {
	const stage = await makeStage(db)

	t.deepEqual(await hintsOf(() => stage.submitOne()), ['taskq_ready'])
})

test.serial('a job for next week wakes nobody', async (t) => {
	const stage = await makeStage(db)

	t.deepEqual(await hintsOf(() => stage.submitOne({ run_at: inSeconds(600_000) })), [])
})

test.serial('a job that is due within seconds wakes workers, so that they set their timers', async (t) => {
	const stage = await makeStage(db)

	t.deepEqual(await hintsOf(() => stage.submitOne({ run_at: inSeconds(3) })), ['taskq_ready'])
})

test.serial('a submit that is rolled back wakes nobody', async (t) => {
	const stage = await makeStage(db)
	const client = await db.client()

	const heard = await hintsOf(async () => {
		await client.query('begin')
		await client.query('select taskq.submit_job($1)', [stage.type])
		await client.query('rollback')
	})

	t.deepEqual(heard, [])
})

test.serial('a job that is released, and a child that is let go, wake workers', async (t) => {
	const stage = await makeStage(db)
	const parent = await stage.submitOne()
	const first = await stage.claim()
	const releasing = await hintsOf(() => stage.report(first, { outcome: 'released' }))
	const second = await stage.claim()
	await stage.submitOne({ depends_on: [parent] })

	const completing = await hintsOf(() => stage.complete(second))

	t.deepEqual([releasing, completing], [['taskq_ready'], ['taskq_ready']])
})
