-- blocked -> cancelled, reason dependency: children whose edge can never be satisfied, unless they are to be held
-- until a replay; what has completed is not replayed.
-- The caller holds the children.
create or replace function taskq_private.cancel_dependents(edges taskq_private.job_dependencies[], parent_status taskq.job_status)
returns uuid[]
language plpgsql
volatile
as $$
declare
  v_doomed jsonb;
  v_child_ids uuid[];
  v_job_ids uuid[];
  v_lane_ids integer[];
begin
  select array_agg(e.job_id), jsonb_object_agg(e.job_id, e.depends_on_id)
  into v_child_ids, v_doomed
  from unnest(edges) as e
  join taskq_private.job_specs as s on s.job_id = e.job_id
  where s.on_dependency_failure = 'cancel' or parent_status = 'completed';
  if v_child_ids is null then
    return '{}';
  end if;

  with gone as (
    delete from taskq_private.waiting_jobs as w
    where w.job_id = any (v_child_ids)
    returning w.job_id, w.lane_id, w.attempt
  ), stored as (
    insert into taskq_private.finished_jobs (job_id, lane_id, status, attempt, outcome, finished_at, reason, error)
    select g.job_id, g.lane_id, 'cancelled', g.attempt, 'cancelled', taskq_private.clock(), 'dependency',
      taskq_private.dependency_error(g.job_id, (v_doomed ->> g.job_id::text)::uuid)
    from gone as g
  )
  select array_agg(g.job_id), array_agg(g.lane_id) into v_job_ids, v_lane_ids from gone as g;

  perform taskq_private.record_event('job_cancelled', v_job_ids, v_lane_ids);
  perform taskq_private.count_workflow_jobs(v_job_ids, 1);
  return coalesce(v_job_ids, '{}');
end;
$$;
comment on function taskq_private.cancel_dependents(taskq_private.job_dependencies[], taskq.job_status) is
  'Cancels the jobs at the ends of edges that can never be satisfied; answers which.';
