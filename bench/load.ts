/** Millions of jobs as rows of private tables, as quickly as can be: what a benchmark measures beside. */
import type { Queryable } from '../db/pool.ts'

/** Makes lanes, and jobs that are spread over them, at `at` each; `into` puts them into their place from `job (job_id, at, lane_id)`. */
async function load(db: Queryable, jobs: number, lanes: string, at: string, into: string): Promise<void> {
	await db.query(
		`with lane as (
			insert into taskq_private.lanes (queue, type, priority, cpu_units, memory_mb) ${lanes}
			on conflict on constraint unique_lanes_shape do update set memory_mb = excluded.memory_mb
			returning lane_id
		), made as (
			select array_agg(lane_id) as ids from lane
		), job as materialized (
			select taskq_private.job_id_at(at) as job_id, at, ids[1 + n % cardinality(ids)] as lane_id
			from made, generate_series(1, $1::int) as n, lateral (select ${at} as at) as t
		), spec as (
			insert into taskq_private.job_specs (job_id, lane_id, payload, max_attempts, timeout_seconds, initial_delay_seconds, backoff_multiplier, max_delay_seconds, jitter, created_at, created_by)
			select job_id, lane_id, '{}', 3, 300, 1, 2, 3600, 0, at, 'bench' from job
		)
		${into}`,
		[jobs],
	)
}

const HOUR_AGO = `now() - interval '1 hour' + n * interval '1 ms'`

/** Ready jobs, the first an hour old. */
export const loadReady = (db: Queryable, jobs: number, lanes: string): Promise<void> =>
	load(
		db,
		jobs,
		lanes,
		HOUR_AGO,
		'insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt) select lane_id, job_id, at, 1 from job',
	)

/** Jobs scheduled for next week. */
export const loadScheduled = (db: Queryable, jobs: number, lanes: string): Promise<void> =>
	load(
		db,
		jobs,
		lanes,
		HOUR_AGO,
		`insert into taskq_private.waiting_jobs (job_id, lane_id, status, due_at, attempt) select job_id, lane_id, 'pending', at + interval '7 days', 1 from job`,
	)

/** Completed jobs, spread evenly over a time that ended so many seconds ago. */
export const loadFinished = (db: Queryable, jobs: number, lanes: string, seconds = 3600, endedAgo = 0): Promise<void> =>
	load(
		db,
		jobs,
		lanes,
		`now() - ${endedAgo + seconds} * interval '1 second' + n * (${seconds / jobs} * interval '1 second')`,
		`insert into taskq_private.finished_jobs (job_id, lane_id, status, attempt, outcome, finished_at, started_at, claim_id, worker_id, result)
		select job_id, lane_id, 'completed', 1, 'completed', at, at, nextval('taskq_private.claim_ids'), gen_random_uuid(), '{"n": 1}' from job`,
	)

/** Cuts the oldest period, in which nothing is yet, into periods for the past: what is loaded lies then as if it had come bit by bit. */
export async function cutPast(db: Queryable, seconds: number): Promise<void> {
	await db.query(`do $$
		declare
			v_length interval := taskq_private.history_length('jobs');
			v_old taskq_private.history_periods := (select p from taskq_private.history_periods as p where p.family = 'jobs' and p.name = 'old');
			v_start timestamptz := date_bin(v_length, v_old.ends_at - interval '${seconds} seconds', '2000-01-01');
			v_period taskq_private.history_periods;
			v_table text;
		begin
			set local role taskq_owner;
			update taskq_private.history_periods as p set ends_at = v_start where p.family = 'jobs' and p.name = 'old';
			foreach v_table in array taskq_private.history_tables('jobs') loop
				execute format('alter table taskq_private.%I detach partition taskq_private.%I', v_table, v_table || '_old');
				execute format('alter table taskq_private.%I attach partition taskq_private.%I for values from (minvalue) to (%s)',
					v_table, v_table || '_old', taskq_private.history_bound('jobs', v_start));
			end loop;
			while v_start < v_old.ends_at loop
				v_period := row('jobs', v_start, least(v_start + v_length, v_old.ends_at), to_char(v_start at time zone 'UTC', 'YYYYMMDD_HH24MISS'), null, null, null)::taskq_private.history_periods;
				insert into taskq_private.history_periods select v_period.*;
				foreach v_table in array taskq_private.history_tables('jobs') loop
					perform taskq_private.add_partition(v_table, v_period);
				end loop;
				v_start := v_period.ends_at;
			end loop;
		end;
	$$`)
}
