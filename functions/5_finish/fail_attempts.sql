-- running -> retrying | ready | failed | cancelled. Each attempt that did not complete gets its job's next place, its row in
-- the history, and its event. A lost or released attempt is not charged; the third worker that a job takes down, alone, is the last.
create or replace function taskq_private.fail_attempts(ended taskq_private.ended_attempt[])
returns void
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_group record;
begin
  for v_group in
    with decided as materialized (
      select e.*, n.next_status, n.reason, v_now + least(greatest(coalesce(e.retry_after_seconds, taskq_private.retry_delay(s.spec, e.attempt)), 0), 5184000) * interval '1 second' as due_at
      from unnest(ended) as e
      cross join lateral (select s as spec, s.max_attempts from taskq_private.job_specs as s where s.job_id = e.job_id offset 0) as s -- never by a hash of all
      left join taskq_private.cancel_requests as r on r.job_id = e.job_id
      cross join lateral taskq_private.next_status(e, s.max_attempts, r.job_id is not null) as n
    ), retried as (
      insert into taskq_private.waiting_jobs (job_id, lane_id, status, due_at, attempt)
      select d.job_id, d.lane_id, 'retrying', d.due_at, d.attempt + 1 from decided as d where d.next_status = 'retrying'
    ), readied as (
      insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
      select d.lane_id, d.job_id, d.started_at, d.attempt from decided as d where d.next_status = 'ready'
    ), finished as (
      insert into taskq_private.finished_jobs (job_id, lane_id, status, attempt, outcome, finished_at, started_at, claim_id, worker_id, reason, error)
      select d.job_id, d.lane_id, d.next_status, d.attempt, d.outcome, v_now, d.started_at, d.claim_id, d.worker_id, d.reason, d.error
      from decided as d where d.next_status in ('failed', 'cancelled')
    ), kept as (
      insert into taskq_private.job_attempts (job_id, claim_id, attempt, worker_id, started_at, ended_at, outcome, error)
      select d.job_id, d.claim_id, d.attempt, d.worker_id, d.started_at, v_now, d.outcome, d.error
      from decided as d where d.next_status in ('retrying', 'ready')
    )
    select
      d.next_status, array_agg(d.job_id) as job_ids, array_agg(d.lane_id) as lane_ids, array_agg(d.attempt) as attempts,
      jsonb_agg(jsonb_strip_nulls(jsonb_build_object('outcome', d.outcome, 'reason', d.reason, 'error', d.error ->> 'message'))) as data
    from decided as d
    group by d.next_status
    order by d.next_status
  loop
    perform taskq_private.record_event('job_' || v_group.next_status, v_group.job_ids, v_group.lane_ids, v_group.attempts, v_group.data);
    if v_group.next_status <> 'ready' then
      perform taskq_private.leave_keys(v_group.job_ids);
    end if;
    if v_group.next_status in ('failed', 'cancelled') then
      perform taskq_private.count_workflow_jobs(v_group.job_ids, 1);
      perform taskq_private.settle_dependents(v_group.job_ids, v_group.next_status);
    elsif v_group.next_status = 'ready' then
      perform taskq_private.hint('ready');
    else
      perform taskq_private.hint_due(v_now);
    end if;
  end loop;
end;
$$;
comment on function taskq_private.fail_attempts(taskq_private.ended_attempt[]) is 'Records attempts that did not complete, and retries their jobs or ends them.';
