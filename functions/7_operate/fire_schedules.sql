-- nothing -> ready. What is due is fired in one batch. Where that ends with an error (a time zone that this server no longer has), each
-- is fired by itself, so that one schedule keeps no other waiting, nor the tick that this is part of.
-- Calls: fire_due.
create or replace function taskq_private.fire_schedules(max_schedules integer default 1000)
returns integer
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_first timestamptz := taskq_private.first_tick_at();
  v_name text;
  v_fired integer := 0;
  v_names text[];
begin
  if (v_first <= v_now) is not true then
    return 0; -- as almost always
  end if;
  v_names := array(
    select s.name
    from taskq_private.schedules as s
    where s.next_run_at between v_first and v_now and (s.retry_at <= v_now) is not false
    order by s.next_run_at
    limit max_schedules
  );
  if v_names = '{}' then
    return 0;
  end if;
  begin
    return taskq_private.fire_due(v_names, v_now);
  exception
    when others then
      if sqlstate ~ '^(40|53|55|57|58)' then -- not of a schedule's making: the whole tick is tried again
        raise;
      end if;
  end;
  foreach v_name in array v_names loop
    begin
      v_fired := v_fired + taskq_private.fire_due(array[v_name], v_now);
    exception
      when others then
        if sqlstate ~ '^(40|53|55|57|58)' then
          raise;
        end if;
        perform taskq_private.defer_schedule(v_name, jsonb_build_object('code', sqlstate, 'message', sqlerrm));
    end;
  end loop;
  return v_fired;
end;
$$;
comment on function taskq_private.fire_schedules(integer) is 'Submits the jobs of schedules whose time has come; answers how many.';
