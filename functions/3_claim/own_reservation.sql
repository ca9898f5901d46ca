-- A reservation ends when its job has gone: claimed by whoever had room, cancelled, or made to wait for something else.
create or replace function taskq_private.own_reservation(worker_id uuid, is_claim boolean)
returns taskq_private.lanes
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_lane taskq_private.lanes;
begin
  select l.* into v_lane
  from taskq_private.reservations as r
  join taskq_private.ready_jobs as j on j.lane_id = r.lane_id and j.job_id = r.job_id
  join taskq_private.lanes as l on l.lane_id = r.lane_id
  join taskq_private.queues as q on q.queue = l.queue and q.paused_at is null
  join taskq_private.workers as w on w.worker_id = r.worker_id and taskq_private.could_run(w, l) -- its capacity may have been changed
  where r.worker_id = own_reservation.worker_id;
  if not found and is_claim then
    delete from taskq_private.reservations as r where r.worker_id = own_reservation.worker_id;
  end if;
  return v_lane;
end;
$$;
comment on function taskq_private.own_reservation(uuid, boolean) is 'The lane of the job that this worker is kept free for; null when there is none.';
