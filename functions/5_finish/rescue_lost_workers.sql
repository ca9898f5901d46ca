-- running -> ready | failed, for workers that died. A worker that holds a session is gone when its lock is seen free on two
-- ticks; any worker is gone when its heartbeat is too old. A database that was away itself lets workers come back first.
-- Locks: the lost workers' rows, then their claims.
create or replace function taskq_private.rescue_lost_workers()
returns integer
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_own bigint[] := array(
    select k.objid::bigint from pg_locks as k where k.pid = pg_backend_pid() and k.locktype = 'advisory' and k.classid = 1952541556
  );
  v_up_since timestamptz := pg_postmaster_start_time();
  v_worker_id uuid;
  v_lost integer := 0;
begin
  update taskq_private.workers as w
  set absent_since = case when w.absent_since is null then v_now end
  where w.status in ('active', 'draining')
    and w.holds_session
    and v_up_since < v_now - interval '5 seconds'
    and w.worker_number <> all (v_own) -- this session would get its own lock
    and (w.absent_since is null) = pg_try_advisory_xact_lock_shared(1952541556, w.worker_number);

  for v_worker_id in
    select w.worker_id
    from taskq_private.workers as w
    cross join taskq_private.settings as s
    where w.status in ('active', 'draining')
      and (
        greatest(w.heartbeat_at, v_up_since) < v_now - s.worker_lost_seconds * interval '1 second'
        or w.absent_since < v_now - interval '400 milliseconds'
      )
    order by w.worker_number
    for update of w skip locked
  loop
    perform taskq_private.end_worker(v_worker_id, 'lost', 'lost');
    v_lost := v_lost + 1;
  end loop;
  return v_lost;
end;
$$;
comment on function taskq_private.rescue_lost_workers() is 'Declares dead workers lost and gives their jobs to others; answers how many workers.';
