-- Locks: the schedule. Raises: TQ404.
create or replace function taskq.resume_schedule(name text, out next_run_at timestamptz)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_schedule taskq_private.schedules := taskq_private.lock_schedule(resume_schedule.name);
begin
  next_run_at := v_schedule.next_run_at;
  if v_schedule.paused_at is not null then
    next_run_at := taskq_private.tick_after(v_schedule, greatest(taskq_private.clock(), v_schedule.last_run_at));
    update taskq_private.schedules as s
    set paused_at = null, paused_by = null, next_run_at = resume_schedule.next_run_at, retry_at = null, caught_up = 0
    where s.name = resume_schedule.name;
  end if;
  perform taskq_private.record_audit('resume_schedule', resume_schedule.name);
end;
$$;
comment on function taskq.resume_schedule(text) is 'Lets a paused schedule go on with its first tick after now; answers when that is, null where it has ended. Example: select taskq.resume_schedule(''nightly'').';
