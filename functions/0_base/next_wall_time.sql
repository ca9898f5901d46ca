create or replace function taskq_private.next_wall_time(masks text[], after timestamp)
returns timestamp
language plpgsql
immutable
as $$
declare
  v_hour integer := extract(hour from after);
  v_skipped integer;
  v_day date := taskq_private.next_cron_day(masks, after::date);
begin
  if v_day = after::date then
    if substr(masks[2], v_hour + 1, 1) = '1' then
      v_skipped := strpos(substr(masks[1], extract(minute from after)::integer + 2), '1');
      if v_skipped > 0 then
        return date_trunc('minute', after) + make_interval(mins => v_skipped);
      end if;
    end if;
    v_skipped := strpos(substr(masks[2], v_hour + 2), '1');
    if v_skipped > 0 then
      return v_day + make_interval(hours => v_hour + v_skipped, mins => strpos(masks[1], '1') - 1);
    end if;
    v_day := taskq_private.next_cron_day(masks, v_day + 1);
  end if;
  return v_day + make_interval(hours => strpos(masks[2], '1') - 1, mins => strpos(masks[1], '1') - 1);
end;
$$;
comment on function taskq_private.next_wall_time(text[], timestamp) is 'The first minute after this one that a cron expression asks for, on a clock that is never changed; null if none ever comes.';
