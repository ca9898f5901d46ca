-- The lock goes when the session does, so a killed worker is noticed within seconds and not after its lease.
-- Locks: advisory (1952541556, worker_number) for as long as the session lives. Not through a transaction pooler.
create or replace function taskq.hold_worker_session(worker_id uuid)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_worker taskq_private.workers := taskq_private.lock_worker(worker_id);
begin
  if not pg_try_advisory_lock(1952541556, v_worker.worker_number) then
    return false;
  end if;
  update taskq_private.workers as w
  set holds_session = true, absent_since = null
  where w.worker_id = hold_worker_session.worker_id;
  return true;
end;
$$;
comment on function taskq.hold_worker_session(uuid) is
  'Ties the worker to this session: when the session ends without stop_worker(), its jobs are given to others within 2 seconds. False if another session still holds it; try again. Not through a transaction pooler. TQ412 for a worker that has ended. Example: select taskq.hold_worker_session(:''worker'').';
