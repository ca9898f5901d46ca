-- PostgreSQL does not tell when the clocks of a zone are changed, so the instant is searched for by halves, to the second.
create or replace function taskq_private.clock_change(time_zone text, not_yet timestamptz, already timestamptz)
returns timestamptz
language plpgsql
stable
as $$
declare
  v_offset interval := taskq_private.zone_offset(time_zone, not_yet);
  v_middle timestamptz;
begin
  while already - not_yet > interval '1 second' loop
    v_middle := not_yet + make_interval(secs => extract(epoch from already - not_yet)::float8 / 2);
    if taskq_private.zone_offset(time_zone, v_middle) = v_offset then
      not_yet := v_middle;
    else
      already := v_middle;
    end if;
  end loop;
  return date_trunc('second', already);
end;
$$;
comment on function taskq_private.clock_change(text, timestamptz, timestamptz) is 'When the clocks of a time zone are changed between two instants.';
