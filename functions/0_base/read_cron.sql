-- {minutes from 0, hours from 0, days of the month from 1 with L as the 32nd, months from 1, days of the week from Sunday, flags}. Flags: h,
-- the hour is written with a star, so it counts in hours that pass and not in hours that a clock on the wall shows; e, both days
-- are restricted, and either will do. As in Vixie's cron, what begins with a star (*/2 too) is no restriction.
-- Raises: TQ422, field cron, naming the part and what it takes.
create or replace function taskq_private.read_cron(cron text)
returns text[]
language plpgsql
immutable
as $$
declare
  v_cron text := regexp_replace(cron, '^\s+|\s+$', '', 'g');
  v_parts text[] := regexp_split_to_array(coalesce(
    '{"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *"}'::jsonb ->> lower(v_cron),
    v_cron
  ), '\s+');
  v_days text[];
  v_masks text[];
begin
  if length(cron) > 500 or cardinality(v_parts) is distinct from 5 then
    perform taskq_private.raise_error(taskq_private.invalid(
      'cron', format('"%s" is no cron expression of five fields', left(cron, 50)), 'TQ422',
      'Give minute, hour, day of month, month and day of week, as in "30 2 * * MON-FRI", or @hourly, @daily, @weekly, @monthly, @yearly.'
    ));
  end if;
  v_days := string_to_array(upper(v_parts[3]), ',');
  v_masks := array[
    taskq_private.cron_mask('minute', v_parts[1], 0, 59),
    taskq_private.cron_mask('hour', v_parts[2], 0, 23),
    taskq_private.cron_mask('day of month', array_to_string(array_remove(v_days, 'L'), ','), 1, 31) || case when 'L' = any (v_days) then '1' else '0' end,
    taskq_private.cron_mask('month', v_parts[4], 1, 12, '{JAN,FEB,MAR,APR,MAY,JUN,JUL,AUG,SEP,OCT,NOV,DEC}'),
    taskq_private.cron_mask('day of week', v_parts[5], 0, 7, '{SUN,MON,TUE,WED,THU,FRI,SAT}')
  ];
  v_masks[6] := concat(
    case when v_parts[2] ~ '^\*' or v_masks[2] !~ '0' then 'h' end,
    case when v_parts[3] !~ '^\*' and v_parts[5] !~ '^\*' then 'e' end
  );
  if taskq_private.next_cron_day(v_masks, date '2000-01-01') is null then
    perform taskq_private.raise_error(taskq_private.invalid(
      'cron', format('"%s" never comes: no such month has such a day', left(cron, 50)), 'TQ422', 'February has at most 29 days; April, June, September and November have 30.'
    ));
  end if;
  return v_masks;
end;
$$;
comment on function taskq_private.read_cron(text) is 'A cron expression as rows of 0 and 1, one for each field, and its flags.';
