-- Raises: TQ422, naming the field.
create or replace function taskq.preview_schedule(
  cron text default null, every interval default null, time_zone text default 'UTC', count integer default 5, after timestamptz default null
)
returns setof timestamptz
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_after timestamptz := coalesce(after, taskq_private.clock());
begin
  if not isfinite(v_after) or extract(year from v_after) not between 1 and 9999 then
    perform taskq_private.raise_error(taskq_private.invalid('after', 'after must be an instant before the year 10000'));
  end if;
  return query select * from taskq_private.ticks_of(
    taskq_private.read_timing(cron, every, coalesce(time_zone, 'UTC'), null, null, v_after), v_after, count
  );
end;
$$;
comment on function taskq.preview_schedule(text, interval, text, integer, timestamptz) is 'When a schedule would run, before it is made. Example: select * from taskq.preview_schedule(''30 2 * * MON-FRI'', time_zone => ''Europe/Berlin'').';
