create or replace function taskq_private.take_unstarted(
  job_id uuid, lane_id integer, out attempt smallint, out due_at timestamptz, out remaining integer
)
language plpgsql
volatile
as $$
#variable_conflict use_column
begin
  delete from taskq_private.ready_jobs as r
  where r.lane_id = take_unstarted.lane_id and r.job_id = take_unstarted.job_id
  returning r.attempt, null, 0 into attempt, due_at, remaining;
  if not found then
    delete from taskq_private.waiting_jobs as w
    where w.job_id = take_unstarted.job_id
    returning w.attempt, w.due_at, w.remaining_dependencies into attempt, due_at, remaining;
  end if;
  if not found then
    raise exception 'job % is % and has started', take_unstarted.job_id, taskq_private.status_of(take_unstarted.job_id)
      using errcode = 'TQ409', detail = taskq_private.status_of(take_unstarted.job_id)::text, hint = 'Only a job that has not started can be changed.';
  end if;
end;
$$;
comment on function taskq_private.take_unstarted(uuid, integer) is 'Takes a job that has not started out of its place; raises TQ409 for one that has.';
