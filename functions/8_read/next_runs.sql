-- Raises: TQ404; TQ422 for a count that is not 1 to 1000.
create or replace function taskq.next_runs(name text, count integer default 5)
returns setof timestamptz
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_schedule taskq_private.schedules;
begin
  select * into v_schedule from taskq_private.schedules as s where s.name = next_runs.name and taskq_private.sees_queue(coalesce(s.job ->> 'queue', 'default'));
  if not found then
    raise exception 'no schedule "%"', left(next_runs.name, 100) using errcode = 'TQ404', hint = 'select name from taskq.schedules lists them.';
  end if;
  return query select * from taskq_private.ticks_of(v_schedule, greatest(taskq_private.clock(), v_schedule.last_run_at), count);
end;
$$;
comment on function taskq.next_runs(text, integer) is 'When a schedule runs next; of a paused one, when it would if it were resumed now. Example: select * from taskq.next_runs(''nightly'', 3).';
