import test from 'ava'
import { useDb } from '../../support/db.ts'
import { makeStage } from '../../support/stage.ts'

const db = useDb(test)

test('the actor is the login role, and the name that a door has set for its caller', async (t) => {
	const { type } = await makeStage(db)
	const client = await db.client()
	const actor = async () => (await client.query('select taskq_private.actor() as actor')).rows[0].actor
	const { rows } = await client.query('select session_user as login')
	const before = await actor()
	await client.query(`select set_config('taskq.caller', 'grafana', false)`)
	await client.query('set role taskq_client')
	const submitted = (await client.query('select (taskq.submit_job($1)).job_id', [type])).rows[0].job_id
	await client.query('reset role')

	t.deepEqual([before, await actor()], [rows[0].login, `${rows[0].login}/grafana`])
	t.is((await db.row('select created_by from taskq.jobs where job_id = $1', [submitted])).created_by, `${rows[0].login}/grafana`)
})
