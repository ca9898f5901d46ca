-- Raises: TQ404.
create or replace function taskq_private.lock_schedule(name text)
returns taskq_private.schedules
language plpgsql
volatile
as $$
declare
  v_schedule taskq_private.schedules;
begin
  select * into v_schedule from taskq_private.schedules as s where s.name = lock_schedule.name and taskq_private.sees_queue(coalesce(s.job ->> 'queue', 'default')) for update;
  if not found then
    raise exception 'no schedule "%"', left(lock_schedule.name, 100) using errcode = 'TQ404', hint = 'select name from taskq.schedules lists them.';
  end if;
  return v_schedule;
end;
$$;
comment on function taskq_private.lock_schedule(text) is 'A schedule, which nobody else changes or fires until the end of the transaction.';
