-- failed | cancelled -> ready | pending | blocked. A new life: the attempt number starts again, the claim_id never does.
-- A workflow that was cancelled no longer is.
-- The caller holds the finished rows, and the places of the parents that they still wait for.
create or replace function taskq_private.replay_jobs(job_ids uuid[])
returns void
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_gone record;
begin
  if cardinality(job_ids) = 0 then
    return;
  end if;
  perform taskq_private.count_workflow_jobs(job_ids, -1);
  update taskq_private.workflows as w
  set cancel_requested_at = null, cancel_reason = null
  where w.workflow_id = any (array(select s.workflow_id from taskq_private.job_specs as s where s.job_id = any (job_ids)))
    and w.cancel_requested_at is not null and w.cancelled_down_to is null;
  delete from taskq_private.unsettled_jobs as u where u.job_id = any (job_ids);

  with gone as (
    delete from taskq_private.finished_jobs as f where f.job_id = any (job_ids) returning f.*
  ), kept as (
    insert into taskq_private.job_attempts (job_id, claim_id, attempt, worker_id, started_at, ended_at, outcome, ended_a_life, error)
    select g.job_id, g.claim_id, g.attempt, g.worker_id, g.started_at, g.finished_at, g.outcome, true, g.error
    from gone as g where g.claim_id is not null
  ), placed as (
    select g.job_id, g.lane_id, s.run_at, edges.remaining
    from gone as g
    join taskq_private.job_specs as s on s.job_id = g.job_id
    cross join lateral (
      select count(*)::integer as remaining from taskq_private.job_dependencies as d where d.job_id = g.job_id and not d.satisfied
    ) as edges
  ), waiting as (
    insert into taskq_private.waiting_jobs (job_id, lane_id, status, due_at, remaining_dependencies)
    select p.job_id, p.lane_id, (case when p.remaining > 0 then 'blocked' else 'pending' end)::taskq.job_status, p.run_at, p.remaining
    from placed as p where p.remaining > 0 or p.run_at > v_now
  )
  select
    array_agg(p.job_id) as job_ids, array_agg(p.lane_id) as lane_ids,
    array_agg(p.job_id) filter (where can.run) as ready_ids, array_agg(p.lane_id) filter (where can.run) as ready_lane_ids
  into v_gone
  from placed as p
  cross join lateral (select p.remaining = 0 and (p.run_at is null or p.run_at <= v_now)) as can (run);
  if v_gone.ready_ids is not null then
    perform taskq_private.make_ready(
      v_gone.ready_ids, v_gone.ready_lane_ids, array_fill(1::smallint, array[cardinality(v_gone.ready_ids)]), array_fill(v_now, array[cardinality(v_gone.ready_ids)])
    );
  end if;

  perform taskq_private.reopen_edges(job_ids);
  perform taskq_private.record_event('job_replayed', v_gone.job_ids, v_gone.lane_ids);
  perform taskq_private.hint('ready');
  perform taskq_private.hint_due(v_now);
end;
$$;
comment on function taskq_private.replay_jobs(uuid[]) is 'Gives jobs that failed or were cancelled a new life.';
