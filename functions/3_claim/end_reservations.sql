-- Jobs that are taken need no worker kept free. Jobs of a lane are alike, so a worker may have started one that another was kept
-- free for: then that other is kept for the job that is left, if it could run it. Else it would wait for a worker that is full.
-- Locks: the reservations concerned, by worker_id.
create or replace function taskq_private.end_reservations(worker_id uuid, job_ids uuid[])
returns void
language plpgsql
volatile
as $$
declare
  v_own taskq_private.reservations;
  v_other_id uuid;
begin
  perform from taskq_private.reservations as r
  where r.worker_id = end_reservations.worker_id or r.job_id = any (job_ids) order by r.worker_id for update;
  select * into v_own from taskq_private.reservations as r where r.worker_id = end_reservations.worker_id and r.job_id <> all (job_ids);

  select r.worker_id into v_other_id
  from taskq_private.reservations as r
  join taskq_private.workers as w on w.worker_id = r.worker_id
  join taskq_private.lanes as l on l.lane_id = v_own.lane_id
  where r.job_id = any (job_ids) and r.worker_id <> end_reservations.worker_id and taskq_private.could_run(w, l)
  order by r.made_at, r.worker_id
  limit 1;

  delete from taskq_private.reservations as r where r.job_id = any (job_ids);
  if v_other_id is not null then
    update taskq_private.reservations as r set worker_id = v_other_id where r.worker_id = end_reservations.worker_id;
  end if;
end;
$$;
comment on function taskq_private.end_reservations(uuid, uuid[]) is 'Forgets which workers were kept free for jobs that are taken now.';
