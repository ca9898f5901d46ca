-- A cron with fixed hours means what clocks show: each of its times comes once a day, right after the gap where clocks skip it, and at the
-- first of two where they show it twice. One whose hour is a star means time that passes: it comes whenever clocks show its minute.
create or replace function taskq_private.next_cron_tick(masks text[], time_zone text, after timestamptz)
returns timestamptz
language plpgsql
stable
as $$
declare
  v_wall timestamp := date_trunc('minute', after at time zone time_zone);
  v_is_by_clocks boolean := masks[6] not like '%h%';
  v_offset interval := taskq_private.zone_offset(time_zone, after);
  v_after timestamptz := after;
  v_tick timestamptz;
begin
  if not v_is_by_clocks and taskq_private.zone_offset(time_zone, after + interval '24 hours') < v_offset then
    -- clocks will soon be put back: what comes before that; else what they show from then on, all of it again
    v_tick := (taskq_private.next_wall_time(masks, v_wall) - v_offset) at time zone 'UTC';
    v_after := taskq_private.clock_change(time_zone, after, after + interval '24 hours');
    if v_tick < v_after then
      return v_tick;
    end if;
    v_wall := date_trunc('minute', v_after at time zone time_zone) - interval '1 minute';
    v_after := v_after - interval '1 microsecond';
  end if;
  loop
    v_wall := taskq_private.next_wall_time(masks, v_wall);
    v_tick := taskq_private.wall_instant(time_zone, v_wall);
    if v_wall is null or v_is_by_clocks and v_tick > v_after then
      return v_tick;
    elsif not v_is_by_clocks and v_wall at time zone time_zone at time zone time_zone = v_wall then
      return case when v_tick > v_after then v_tick else v_wall at time zone time_zone end;
    end if;
  end loop;
end;
$$;
comment on function taskq_private.next_cron_tick(text[], text, timestamptz) is 'When a cron expression comes next in a time zone; null if never.';
