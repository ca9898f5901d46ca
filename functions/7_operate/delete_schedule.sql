-- Locks: the schedule. Raises: TQ404.
create or replace function taskq.delete_schedule(name text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.lock_schedule(delete_schedule.name);
  delete from taskq_private.schedules as s where s.name = delete_schedule.name;
  perform taskq_private.record_audit('delete_schedule', delete_schedule.name);
end;
$$;
comment on function taskq.delete_schedule(text) is 'Deletes a schedule; jobs that it has submitted stay. Example: select taskq.delete_schedule(''nightly'').';
