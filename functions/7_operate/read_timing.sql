-- Raises: TQ422, naming the field.
create or replace function taskq_private.read_timing(
  cron text, every interval, time_zone text, starts_at timestamptz, ends_at timestamptz, read_at timestamptz
)
returns taskq_private.schedules
language plpgsql
stable
as $$
declare
  v_timing taskq_private.schedules;
  v_seconds numeric := extract(epoch from every);
begin
  if (cron is null) = (every is null) then
    perform taskq_private.raise_error(taskq_private.invalid('cron', 'a schedule has either cron or every', 'TQ422', 'Give one of the two: cron => ''30 2 * * *'' or every => ''5 minutes''.'));
  end if;
  if extract(year from every) <> 0 or extract(month from every) <> 0 or not (v_seconds between 1 and 315360000 and v_seconds * 1000 % 1 = 0) then
    perform taskq_private.raise_error(taskq_private.invalid('every', 'every must be from 1 second to 3650 days, whole milliseconds', 'TQ422', 'Months differ in length: for those, give cron, such as "0 0 1 * *".'));
  end if;
  if starts_at >= timestamptz '10000-01-01Z' or ends_at >= timestamptz '10000-01-01Z' or starts_at = '-infinity' or ends_at = '-infinity' then
    perform taskq_private.raise_error(taskq_private.invalid(
      case when starts_at >= timestamptz '10000-01-01Z' or starts_at = '-infinity' then 'starts_at' else 'ends_at' end,
      'a schedule begins and ends before the year 10000', 'TQ422', 'Leave it out for a schedule without such an end.'
    ));
  end if;
  perform taskq_private.raise_error(e) from taskq_private.time_zone_error(time_zone) as e where e is not null;
  v_timing.cron := regexp_replace(cron, '^\s+|\s+$', '', 'g');
  v_timing.masks := case when cron is not null then taskq_private.read_cron(cron) end;
  v_timing.every := make_interval(secs => v_seconds::float8); -- a day of every is 24 hours
  v_timing.time_zone := time_zone;
  v_timing.starts_at := date_trunc('milliseconds', starts_at);
  v_timing.ends_at := ends_at;
  v_timing.anchor_at := coalesce(v_timing.starts_at, date_trunc('second', read_at));
  v_timing.next_run_at := taskq_private.tick_after(v_timing, read_at);
  return v_timing;
end;
$$;
comment on function taskq_private.read_timing(text, interval, text, timestamptz, timestamptz, timestamptz) is 'A schedule that has only a timing yet, and its first tick after an instant.';
