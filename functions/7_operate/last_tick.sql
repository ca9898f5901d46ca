-- By halves: there may be a million ticks in between. No two are less than a second apart.
create or replace function taskq_private.last_tick(schedule taskq_private.schedules, known_tick timestamptz, until timestamptz)
returns timestamptz
language plpgsql
stable
as $$
declare
  v_next timestamptz;
  v_middle timestamptz;
begin
  while until - known_tick >= interval '1 second' loop
    v_middle := known_tick + make_interval(secs => extract(epoch from until - known_tick)::float8 / 2);
    v_next := taskq_private.tick_after(schedule, v_middle);
    if v_next <= until then
      known_tick := v_next;
    else
      until := v_middle;
    end if;
  end loop;
  v_next := taskq_private.tick_after(schedule, known_tick);
  return case when v_next <= until then v_next else known_tick end;
end;
$$;
comment on function taskq_private.last_tick(taskq_private.schedules, timestamptz, timestamptz) is 'The last tick of a schedule from one that is known up to an instant.';
