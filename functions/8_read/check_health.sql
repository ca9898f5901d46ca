-- The figures against their limits. A figure that cannot be had is unknown, and says how to have it.
create or replace function taskq.check_health()
returns table (check_name text, status text, value numeric, unit text, warn_at numeric, critical_at numeric, found text, hint text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
begin
  perform taskq_private.check_scope();
  return query
    with measured as (
      select * from taskq_private.measure_queue_health(v_now)
      union all select * from taskq_private.measure_work_health(v_now)
      union all select * from taskq_private.measure_server_health(v_now)
    )
    select k.check_name, s.status, trim_scale(round(m.value, 1)), k.unit, k.warn_at, k.critical_at, case when s.status <> 'ok' then m.found end,
      case s.status when 'ok' then null when 'unknown' then k.unknown else k.hint end
    from taskq_private.health_limits() as k
    left join measured as m on m.check_name = k.check_name
    cross join lateral (
      select case when m.value is null then 'unknown' when m.value >= k.critical_at then 'critical' when m.value >= k.warn_at then 'warn' else 'ok' end
    ) as s (status)
    order by array_position(array['critical', 'warn', 'unknown', 'ok'], s.status), k.place;
end;
$$;
comment on function taskq.check_health() is
  'What is not as it should be, worst first: a row a check with its value, when it warns and when it is critical, what was found, and what to do next. The view taskq.health shows the same. Example: select check_name, value, unit, found, hint from taskq.health where status <> ''ok''.';
