-- Locks: the worker's row. Raises: TQ404, TQ412.
create or replace function taskq.drain_worker(worker_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_scope();
  perform taskq_private.lock_worker(worker_id);
  update taskq_private.workers as w set status = 'draining' where w.worker_id = drain_worker.worker_id;
  delete from taskq_private.reservations as r where r.worker_id = drain_worker.worker_id;
  perform taskq_private.record_audit('drain_worker', worker_id::text);
end;
$$;
comment on function taskq.drain_worker(uuid) is 'Lets a worker finish what it has and take nothing new. undrain_worker() takes that back. TQ404 for an unknown worker, TQ412 for one that has ended. Example: select taskq.drain_worker(worker_id) from taskq.workers where name = ''host-1'' and status = ''active''.';
