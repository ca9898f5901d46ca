-- nothing -> pending | blocked | ready | cancelled: jobs with a run_at or with dependencies. One whose parents are all as it
-- asks is ready; one with a parent that never can be is cancelled, and those of its graph that wait for it, or held.
create or replace function taskq_private.store_waiting_jobs(jobs taskq_private.submission[], submitted_at timestamptz)
returns void
language plpgsql
volatile
as $$
declare
  v_ready record;
  v_doomed_ids uuid[] := array(select j.job_id from unnest(jobs) as j where j.doomed_by is not null);
begin
  insert into taskq_private.job_dependencies (job_id, depends_on_id, condition, satisfied)
  select j.job_id, d.id, d.condition, coalesce(taskq_private.satisfies(f.status, d.condition), false)
  from unnest(jobs) as j
  cross join unnest(j.depends_on, j.conditions) as d (id, condition)
  left join lateral (select f.status from taskq_private.finished_jobs as f where f.job_id = d.id offset 0) as f on true;

  perform taskq_private.store_keys(jobs);
  select array_agg(j.job_id) as job_ids, array_agg(j.lane_id) as lane_ids, array_agg(1::smallint) as attempts, array_agg(submitted_at) as ready_ats
  into v_ready
  from unnest(jobs) as j
  where j.remaining_dependencies = 0 and (j.run_at is null or j.run_at <= submitted_at);
  if v_ready.job_ids is not null then
    perform taskq_private.make_ready(v_ready.job_ids, v_ready.lane_ids, v_ready.attempts, v_ready.ready_ats);
    perform taskq_private.hint('ready');
  end if;

  insert into taskq_private.waiting_jobs (job_id, lane_id, status, due_at, remaining_dependencies)
  select
    j.job_id, j.lane_id, (case when j.remaining_dependencies > 0 then 'blocked' else 'pending' end)::taskq.job_status, j.run_at,
    j.remaining_dependencies
  from unnest(jobs) as j
  where (j.remaining_dependencies > 0 or j.run_at > submitted_at) and j.doomed_by is null;
  if found then
    perform taskq_private.hint_due(submitted_at);
  end if;

  if cardinality(v_doomed_ids) > 0 then
    insert into taskq_private.finished_jobs (job_id, lane_id, status, attempt, outcome, finished_at, reason, error)
    select j.job_id, j.lane_id, 'cancelled', 1, 'cancelled', submitted_at, 'dependency', taskq_private.dependency_error(j.job_id, j.doomed_by)
    from unnest(jobs) as j
    where j.job_id = any (v_doomed_ids);
    perform taskq_private.record_event('job_cancelled', array_agg(j.job_id), array_agg(j.lane_id)) from unnest(jobs) as j where j.job_id = any (v_doomed_ids);
    perform taskq_private.count_workflow_jobs(v_doomed_ids, 1);
    perform taskq_private.settle_dependents(v_doomed_ids, 'cancelled');
  end if;
end;
$$;
comment on function taskq_private.store_waiting_jobs(taskq_private.submission[], timestamptz) is
  'Stores the edges and the first places of jobs that may have to wait.';
