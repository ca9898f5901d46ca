-- pending | ready | retrying | blocked -> blocked: a new edge for a job that has not started.
-- Locks: the graph lock, so that of two sessions adding opposite edges the second sees the first's; the parent's place; the
-- child's row. Raises: TQ404, TQ423 for the parent, TQ409 with the state, TQ425 with the cycle's members.
create or replace function taskq.add_dependency(job_id uuid, depends_on uuid, condition taskq.dependency_condition default 'success')
returns taskq.job_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_lane_id integer := taskq_private.lane_of(add_dependency.job_id);
  v_satisfied boolean;
  v_place record;
begin
  perform pg_advisory_xact_lock(1952541558);
  perform taskq_private.refuse_cycle(add_dependency.job_id, add_dependency.depends_on);
  perform taskq_private.lock_parents(array[add_dependency.depends_on]);
  if not exists (
    select from taskq_private.job_specs as s join taskq_private.lanes as l on l.lane_id = s.lane_id
    where s.job_id = add_dependency.depends_on and taskq_private.sees_queue(l.queue)
  ) then
    perform taskq_private.raise_error(taskq_private.invalid(
      'depends_on', format('depends_on "%s" is no job', add_dependency.depends_on), 'TQ423', 'It may have expired, or its id is mistyped.'
    ));
  end if;
  v_satisfied := taskq_private.check_new_edge(add_dependency.job_id, add_dependency.depends_on, add_dependency.condition);

  v_place := taskq_private.take_unstarted(add_dependency.job_id, v_lane_id);
  insert into taskq_private.job_dependencies (job_id, depends_on_id, condition, satisfied)
  values (add_dependency.job_id, add_dependency.depends_on, add_dependency.condition, v_satisfied)
  on conflict do nothing;
  if found and not v_satisfied then
    v_place.remaining := v_place.remaining + 1;
    if v_place.remaining = 1 then
      perform taskq_private.record_event('job_blocked', array[add_dependency.job_id], array[v_lane_id]);
    end if;
  end if;
  return taskq_private.put_unstarted(
    add_dependency.job_id, v_lane_id, v_place.attempt, v_place.due_at, v_place.ready_at, v_place.remaining
  );
end;
$$;
comment on function taskq.add_dependency(uuid, uuid, taskq.dependency_condition) is
  'Makes a job that has not started wait for another one: for its success, its failure, or its end (finished). Refuses an edge that would close a cycle, naming its members. Answers the job''s status. TQ404 for an unknown job, TQ409 once it runs or has ended, TQ425 for a cycle. Example: select taskq.add_dependency(:''child'', :''parent'', ''finished'').';
