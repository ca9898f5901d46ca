-- ready | pending | blocked -> blocked: what the earlier end of these jobs let go, and has not started, waits for them again.
-- An edge to a job that someone cancelled is opened too, for its own replay.
-- Locks: the children, by job_id: ready, waiting, then finished rows. One that starts or is replayed meanwhile stays as it is.
create or replace function taskq_private.reopen_edges(job_ids uuid[])
returns void
language plpgsql
volatile
as $$
declare
  v_child_ids uuid[] := array(
    select distinct d.job_id from taskq_private.job_dependencies as d where d.depends_on_id = any (job_ids) and d.satisfied
  );
  v_blocked record;
begin
  if cardinality(v_child_ids) = 0 then
    return;
  end if;
  v_child_ids := taskq_private.lock_unstarted(v_child_ids);

  with opened as (
    update taskq_private.job_dependencies as d
    set satisfied = false
    where d.depends_on_id = any (job_ids) and d.satisfied and d.job_id = any (v_child_ids)
    returning d.job_id
  ), child as materialized (
    select o.job_id, count(*)::integer as edges from opened as o group by o.job_id
  ), was_ready as (
    delete from taskq_private.ready_jobs as r
    using taskq_private.job_specs as s, child as c
    where s.job_id = c.job_id and r.lane_id = s.lane_id and r.job_id = c.job_id
    returning r.job_id, r.lane_id, r.attempt, c.edges
  ), stored as (
    insert into taskq_private.waiting_jobs (job_id, lane_id, status, attempt, remaining_dependencies)
    select r.job_id, r.lane_id, 'blocked', r.attempt, r.edges from was_ready as r
  ), waited as (
    update taskq_private.waiting_jobs as w
    set status = 'blocked', remaining_dependencies = w.remaining_dependencies + c.edges
    from child as c
    where w.job_id = c.job_id
    returning w.job_id, w.lane_id
  ), blocked as (
    select r.job_id, r.lane_id from was_ready as r union all select w.job_id, w.lane_id from waited as w
  )
  select array_agg(b.job_id) as job_ids, array_agg(b.lane_id) as lane_ids into v_blocked from blocked as b;
  perform taskq_private.leave_keys(v_blocked.job_ids);
  perform taskq_private.record_event('job_blocked', v_blocked.job_ids, v_blocked.lane_ids);
end;
$$;
comment on function taskq_private.reopen_edges(uuid[]) is 'Makes the dependents of jobs that are replayed wait for them again, as far as they have not started.';
