-- draining -> active. Locks: the worker's row. Raises: TQ404, TQ412.
create or replace function taskq.undrain_worker(worker_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_scope();
  perform taskq_private.lock_worker(worker_id);
  update taskq_private.workers as w set status = 'active' where w.worker_id = undrain_worker.worker_id;
  perform taskq_private.record_audit('undrain_worker', worker_id::text);
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq.undrain_worker(uuid) is
  'Lets a draining worker take jobs again, from its next call on. TQ404 for an unknown worker, TQ412 for one that has ended. Example: select taskq.undrain_worker(worker_id) from taskq.workers where name = ''host-1'' and status = ''draining''.';
