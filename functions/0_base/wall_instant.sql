-- The first of the two instants at which a clock on the wall shows this, where it was put back; the first after the gap, where it was put
-- forward past this. PostgreSQL takes the second of two, and counts on from before a gap.
create or replace function taskq_private.wall_instant(time_zone text, wall timestamp)
returns timestamptz
language plpgsql
stable
as $$
declare
  v_last timestamptz := wall at time zone time_zone;
  v_shown timestamp := v_last at time zone time_zone;
  v_first timestamptz;
begin
  if v_shown <> wall then
    return taskq_private.clock_change(time_zone, v_last - (v_shown - wall), v_last);
  end if;
  v_first := (wall - taskq_private.zone_offset(time_zone, v_last - interval '24 hours')) at time zone 'UTC';
  if v_first < v_last and v_first at time zone time_zone = wall then
    return v_first;
  end if;
  return v_last;
end;
$$;
comment on function taskq_private.wall_instant(text, timestamp) is 'When the clocks of a time zone first show this, or would have.';
