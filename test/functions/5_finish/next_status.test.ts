import test from 'ava'
import { useDb } from '../../support/db.ts'

const db = useDb(test)

interface Case {
	outcome: string
	attempt?: number
	fatal?: boolean | null
	cancelRequested?: boolean
	crashes?: number
}

const jobId = '01890a5d-ac96-774b-bcce-b302099a8057'

/** What follows an attempt of a job that has three. */
async function next({ outcome, attempt = 1, fatal = null, cancelRequested = false, crashes = 0 }: Case) {
	await db.query('delete from taskq_private.job_attempts')
	await db.query(
		`insert into taskq_private.job_attempts (job_id, claim_id, attempt, worker_id, started_at, ended_at, outcome)
		select $1, n, 1, gen_random_uuid(), now(), now(), 'lost' from generate_series(1, $2) as n`,
		[jobId, crashes],
	)
	const ended = JSON.stringify({ job_id: jobId, outcome, attempt, fatal })
	const sql = 'select * from taskq_private.next_status(jsonb_populate_record(null::taskq_private.ended_attempt, $1), 3::smallint, $2)'
	const { next_status, reason } = await db.row(sql, [ended, cancelRequested])
	return reason ? `${next_status}: ${reason}` : next_status
}

const rules: [Case, string][] = [
	[{ outcome: 'failed' }, 'retrying'],
	[{ outcome: 'failed', attempt: 2 }, 'retrying'],
	[{ outcome: 'failed', attempt: 3 }, 'failed: attempts_exhausted'],
	[{ outcome: 'failed', fatal: true }, 'failed: fatal'],
	[{ outcome: 'failed', fatal: false }, 'retrying'],
	[{ outcome: 'timed_out' }, 'retrying'],
	[{ outcome: 'timed_out', attempt: 3 }, 'failed: attempts_exhausted'],
	[{ outcome: 'released' }, 'ready'],
	[{ outcome: 'released', attempt: 3 }, 'ready'],
	[{ outcome: 'lost' }, 'ready'],
	[{ outcome: 'lost', attempt: 3 }, 'ready'],
	[{ outcome: 'lost', crashes: 1 }, 'ready'],
	[{ outcome: 'lost', crashes: 2 }, 'failed: crashed'],
	[{ outcome: 'released', crashes: 2 }, 'ready'],
	[{ outcome: 'failed', crashes: 2 }, 'retrying'],
	[{ outcome: 'cancelled' }, 'cancelled: requested'],
	[{ outcome: 'failed', cancelRequested: true }, 'cancelled: requested'],
	[{ outcome: 'timed_out', attempt: 3, cancelRequested: true }, 'cancelled: requested'],
	[{ outcome: 'released', cancelRequested: true }, 'cancelled: requested'],
	[{ outcome: 'lost', crashes: 2, cancelRequested: true }, 'cancelled: requested'],
]

for (const [given, expected] of rules) {
	test.serial(`${JSON.stringify(given)} of three attempts: ${expected}`, async (t) => {
		t.is(await next(given), expected)
	})
}
