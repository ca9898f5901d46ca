-- Locks: the schedule. Raises: TQ404.
create or replace function taskq.pause_schedule(name text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.lock_schedule(pause_schedule.name);
  update taskq_private.schedules as s
  set paused_at = coalesce(s.paused_at, taskq_private.clock()), paused_by = coalesce(s.paused_by, taskq_private.actor()), next_run_at = null
  where s.name = pause_schedule.name;
  perform taskq_private.record_audit('pause_schedule', pause_schedule.name);
end;
$$;
comment on function taskq.pause_schedule(text) is 'Stops a schedule until resume_schedule; ticks that pass meanwhile are skipped, whatever its catch_up. run_schedule still runs it. Example: select taskq.pause_schedule(''nightly'').';
