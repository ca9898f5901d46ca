import fs from 'node:fs'
import path from 'node:path'
import type { Row } from './trial.ts'

/** taskq with a rule left out, and the fault that must show it. */
export interface Mutant {
	title: string
	row: Row['name']
	/** Makes it so. */
	sql: string
	/** The rules of which the checker must find one broken. */
	rules: RegExp
}

const functions = path.resolve(import.meta.dirname, '../../functions')

/** A function with another text in it. */
function changed(file: string, from: string, to: string): string {
	const text = fs.readFileSync(path.join(functions, file), 'utf8')
	if (!text.includes(from)) throw new Error(`functions/${file} does not hold what the mutant changes: ${from}`)
	return text.replace(from, to)
}

export const mutants: Mutant[] = [
	{
		title: 'claims are no fence for handlers that complete their job themselves',
		row: 'stop-worker',
		sql: changed(
			'5_finish/end_held_job.sql',
			'held_attempts(array[end_held_job.claim_id])',
			'held_attempts(array(select c.claim_id from taskq_private.claims as c))',
		),
		rules: /^I[45] /,
	},
	{
		title: 'what a lost worker held is taken for done',
		row: 'kill-workers',
		sql: changed(
			'5_finish/rescue_lost_workers.sql',
			`end_worker(v_worker_id, 'lost', 'lost')`,
			`end_worker(v_worker_id, 'lost', 'completed')`,
		),
		rules: /^I[45] /,
	},
	{
		title: 'what a lost worker held is forgotten',
		row: 'kill-workers',
		sql: changed(
			'5_finish/rescue_lost_workers.sql',
			`perform taskq_private.end_worker(v_worker_id, 'lost', 'lost')`,
			`delete from taskq_private.claims as c where c.worker_id = v_worker_id; perform taskq_private.end_worker(v_worker_id, 'lost', 'lost')`,
		),
		rules: /^I[16] /,
	},
	{
		title: 'the second call with an idempotency key makes a second job',
		row: 'kill-worker',
		sql: changed('1_submit/resolve_idempotency.sql', 'v_job.job_id := v_first.job_id;\n      v_job.repeated := true;', ''),
		rules: /^I8 /,
	},
]
