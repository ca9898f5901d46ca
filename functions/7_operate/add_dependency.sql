-- pending | ready | retrying | blocked -> blocked: a new edge for a job that has not started.
-- Locks: the graph lock, so that of two sessions adding opposite edges the second sees the first's; the parent's place; the
-- child's row. Raises: TQ404, TQ423 for the parent, TQ409 with the state, TQ425 with the cycle's members.
create or replace function taskq.add_dependency(job_id uuid, depends_on uuid)
returns taskq.job_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_lane_id integer := taskq_private.lane_of(add_dependency.job_id);
  v_parent_status taskq.job_status;
  v_place record;
begin
  if not exists (select from taskq_private.job_specs as s where s.job_id = add_dependency.depends_on) then
    perform taskq_private.raise_error(taskq_private.invalid(
      'depends_on', format('depends_on "%s" is no job', add_dependency.depends_on), 'TQ423', 'It may have expired, or its id is mistyped.'
    ));
  end if;
  perform pg_advisory_xact_lock(1952541558);
  perform taskq_private.refuse_cycle(add_dependency.job_id, add_dependency.depends_on);
  perform taskq_private.lock_parents(array[add_dependency.depends_on]);
  v_parent_status := taskq_private.status_of(add_dependency.depends_on);
  if v_parent_status in ('failed', 'cancelled') then
    raise exception 'job % is % and can never be waited for', add_dependency.depends_on, v_parent_status
      using errcode = 'TQ409', detail = v_parent_status::text, hint = 'Retry it first.';
  end if;

  v_place := taskq_private.take_unstarted(add_dependency.job_id, v_lane_id);
  insert into taskq_private.job_dependencies (job_id, depends_on_id, satisfied)
  values (add_dependency.job_id, add_dependency.depends_on, v_parent_status = 'completed')
  on conflict do nothing;
  if not found or v_parent_status = 'completed' then
    return taskq_private.put_unstarted(add_dependency.job_id, v_lane_id, v_place.attempt, v_place.due_at, v_place.remaining);
  end if;
  return taskq_private.put_unstarted(add_dependency.job_id, v_lane_id, v_place.attempt, v_place.due_at, v_place.remaining + 1);
end;
$$;
comment on function taskq.add_dependency(uuid, uuid) is
  'Makes a job that has not started wait for another one. Refuses an edge that would close a cycle, naming its members. Answers the job''s status.';
