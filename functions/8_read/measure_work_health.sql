-- Of who works and how it goes: the workers, the last 10,000 ends of an hour, and the trace that each tick leaves (measure_types).
create or replace function taskq_private.measure_work_health(now timestamptz)
returns table (check_name text, value numeric, found text)
language sql
stable
as $$
  with lost as materialized (
    select w.name from taskq_private.workers as w
    where w.status = 'lost' and w.ended_at > measure_work_health.now - interval '15 minutes'
  ), ended as materialized (
    select f.lane_id, f.status
    from taskq_private.finished_jobs as f
    where f.finished_at > measure_work_health.now - interval '1 hour'
    order by f.finished_at desc
    limit 10000
  ), failing as materialized (
    select l.type, round(100.0 * count(*) filter (where e.status = 'failed') / count(*), 1) as percent
    from ended as e
    join taskq_private.lanes as l on l.lane_id = e.lane_id
    where e.status in ('completed', 'failed')
    group by l.type
    having count(*) >= 10
  )
  select 'lost_workers', count(*), string_agg(distinct o.name, ', ') from lost as o
  union all
  select 'failing_types', coalesce(max(f.percent), 0), string_agg(format('%s %s%%', f.type, f.percent), ', ' order by f.percent desc) filter (where f.percent >= 20)
  from failing as f
  union all
  select 'last_tick', extract(epoch from measure_work_health.now - coalesce(max(t.measured_at), min(t.registered_at))), null from taskq_private.task_types as t;
$$;
comment on function taskq_private.measure_work_health(timestamptz) is 'Figures for check_health() about workers, failures and ticks.';
