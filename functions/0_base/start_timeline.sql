-- A standby that takes over may lack what was committed last, and would give its ids again: a late report would pass the fence, and
-- readers of the stream would wait for ids that they have passed. So each timeline of PostgreSQL has 2^32 ids of its own. A session
-- that writes stays on its timeline, so it asks once.
-- Locks: advisory 1952541559 for the leap alone, which is at once seen by all and never undone.
create or replace function taskq_private.start_timeline()
returns void
language plpgsql
volatile
as $$
declare
  v_start bigint;
begin
  if current_setting('taskq.timeline', true) <> '' then
    return;
  end if;
  v_start := (('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint - 1) << 32;
  if v_start > (select least(c.last_value, e.last_value) from taskq_private.claim_ids as c, taskq_private.event_ids as e) then
    perform pg_advisory_lock(1952541559);
    perform setval('taskq_private.claim_ids', v_start) from taskq_private.claim_ids as c where c.last_value < v_start;
    perform setval('taskq_private.event_ids', v_start) from taskq_private.event_ids as e where e.last_value < v_start;
    perform pg_advisory_unlock(1952541559);
  end if;
  perform set_config('taskq.timeline', v_start::text, false);
end;
$$;
comment on function taskq_private.start_timeline() is 'Sees to it that no claim_id and no event_id comes twice, whatever a failover has lost.';
