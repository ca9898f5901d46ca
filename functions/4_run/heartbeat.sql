-- One a worker, never one a job. Locks: the worker's row. Raises: TQ412 when it was declared lost.
create or replace function taskq.heartbeat(
  worker_id uuid, load jsonb default null, out status taskq.worker_status, out cancel_requested uuid[]
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_worker taskq_private.workers := taskq_private.lock_worker(worker_id);
begin
  update taskq_private.workers as w
  set heartbeat_at = taskq_private.clock(), load = coalesce(heartbeat.load, w.load)
  where w.worker_id = heartbeat.worker_id;

  status := v_worker.status;
  cancel_requested := array(
    select r.job_id
    from taskq_private.cancel_requests as r
    cross join lateral (select c.worker_id from taskq_private.claims as c where c.claim_id = r.claim_id offset 0) as c -- never by a hash of all
    where c.worker_id = heartbeat.worker_id
  );
end;
$$;
comment on function taskq.heartbeat(uuid, jsonb) is
  'Says that the worker lives and what its machine really uses; answers its status and which of its jobs were asked to stop. Call it every 10 seconds or so: a worker that is silent for worker_lost_seconds (30) is lost. TQ412 when it was. Example: select * from taskq.heartbeat(:''worker'', ''{"cpu_percent": 40}'').';
