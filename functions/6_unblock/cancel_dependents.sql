-- blocked -> cancelled, reason dependency: children whose edge can never be satisfied, unless they are to be held.
-- Locks: the children, by job_id.
create or replace function taskq_private.cancel_dependents(parent_ids uuid[], satisfying taskq.dependency_condition[])
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
  select array_agg(d.job_id order by d.job_id), jsonb_object_agg(d.job_id, d.depends_on_id)
  into v_child_ids, v_doomed
  from taskq_private.job_dependencies as d
  join taskq_private.job_specs as s on s.job_id = d.job_id
  where d.depends_on_id = any (parent_ids) and d.condition <> all (satisfying) and not d.satisfied and s.on_dependency_failure = 'cancel';
  if v_child_ids is null then
    return '{}';
  end if;
  perform from taskq_private.waiting_jobs as w where w.job_id = any (v_child_ids) order by w.job_id for update;

  with gone as (
    delete from taskq_private.waiting_jobs as w
    where w.job_id = any (v_child_ids)
    returning w.job_id, w.lane_id, w.attempt
  ), stored as (
    insert into taskq_private.finished_jobs (job_id, lane_id, status, attempt, outcome, finished_at, reason, error)
    select g.job_id, g.lane_id, 'cancelled', g.attempt, 'cancelled', taskq_private.clock(), 'dependency',
      taskq_private.dependency_error((v_doomed ->> g.job_id::text)::uuid)
    from gone as g
  )
  select array_agg(g.job_id), array_agg(g.lane_id) into v_job_ids, v_lane_ids from gone as g;

  perform taskq_private.record_event('job_cancelled', v_job_ids, v_lane_ids);
  return coalesce(v_job_ids, '{}');
end;
$$;
comment on function taskq_private.cancel_dependents(uuid[], taskq.dependency_condition[]) is
  'Cancels the jobs that can never run because these have ended as they did; answers which.';
