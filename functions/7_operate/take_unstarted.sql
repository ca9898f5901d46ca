create or replace function taskq_private.take_unstarted(
  job_id uuid, lane_id integer, out attempt smallint, out due_at timestamptz, out ready_at timestamptz, out remaining integer
)
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_status taskq.job_status;
begin
  loop
    delete from taskq_private.ready_jobs as r
    where r.lane_id = take_unstarted.lane_id and r.job_id = take_unstarted.job_id
    returning r.attempt, null, nullif(r.ready_at, 'infinity'), 0 into attempt, due_at, ready_at, remaining;
    exit when found;
    delete from taskq_private.waiting_jobs as w
    where w.job_id = take_unstarted.job_id
    returning w.attempt, w.due_at, null, w.remaining_dependencies into attempt, due_at, ready_at, remaining;
    exit when found;

    perform taskq_private.lane_of(take_unstarted.job_id); -- raises if it was deleted
    v_status := taskq_private.status_of(take_unstarted.job_id);
    if v_status in ('running', 'completed', 'failed', 'cancelled') then
      raise exception 'job % is % and has started', take_unstarted.job_id, v_status
        using errcode = 'TQ409', detail = v_status::text, hint = 'Only a job that has not started can be changed.';
    end if; -- else it moved between two looks: look again
  end loop;
  ready_at := coalesce(take_unstarted.ready_at, (select j.ready_at from taskq_private.keyed_jobs as j where j.job_id = take_unstarted.job_id)); -- parked
  perform taskq_private.leave_keys(array[take_unstarted.job_id]);
end;
$$;
comment on function taskq_private.take_unstarted(uuid, integer) is 'Takes a job that has not started out of its place; raises TQ409 for one that has.';
