-- Raises: TQ422 for a count that is not 1 to 1000.
create or replace function taskq_private.ticks_of(schedule taskq_private.schedules, after timestamptz, count integer)
returns setof timestamptz
language plpgsql
stable
as $$
declare
  v_tick timestamptz := after;
begin
  if (count between 1 and 1000) is not true then
    perform taskq_private.raise_error(taskq_private.invalid('count', 'count must be a whole number from 1 to 1000'));
  end if;
  for v_n in 1 .. count loop
    v_tick := taskq_private.tick_after(schedule, v_tick);
    exit when v_tick is null;
    return next v_tick;
  end loop;
end;
$$;
comment on function taskq_private.ticks_of(taskq_private.schedules, timestamptz, integer) is 'The ticks of a schedule after an instant.';
