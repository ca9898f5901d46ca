-- Of what waits: the head of each lane and no more, whatever the backlog.
create or replace function taskq_private.measure_queue_health(now timestamptz)
returns table (check_name text, value numeric, found text)
language sql
stable
as $$
  with head as materialized (
    select l, h.ready_at
    from taskq_private.lanes as l
    join taskq_private.queues as q on q.queue = l.queue and q.paused_at is null
    cross join lateral (
      select r.ready_at from taskq_private.ready_jobs as r where r.lane_id = l.lane_id order by r.ready_at, r.job_id limit 1
    ) as h
  ), served as materialized (
    select h.l, count(w.worker_id) as workers, coalesce(bool_or(taskq_private.could_run(w, h.l)), false) as fits
    from head as h
    left join taskq_private.workers as w
      on w.status = 'active' and (h.l).type = any (w.types) and (w.queues is null or (h.l).queue = any (w.queues))
    group by h.l
  ), needed as materialized (
    select distinct substr(k.key, 6) as pool
    from head as h
    cross join lateral jsonb_object_keys(taskq_private.lane_needs(h.l)) as k (key)
    where k.key like 'pool:%'
  ), full_pool as materialized (
    select p.pool
    from (select taskq_private.pool_free(array(select n.pool from needed as n)) as free) as f
    join taskq_private.resource_pools as p on (f.free ->> ('pool:' || p.pool))::numeric <= 0
    where p.refill_per_second is null
  ), unsettled as materialized (
    select u.job_id, f.finished_at
    from (select o.job_id from taskq_private.unsettled_jobs as o order by o.job_id limit 1000) as u
    left join taskq_private.finished_jobs as f on f.job_id = u.job_id
  )
  select 'oldest_ready', coalesce(extract(epoch from measure_queue_health.now - min(h.ready_at)), 0),
    (array_agg(format('type %s of queue %s', (h.l).type, (h.l).queue) order by h.ready_at))[1]
  from head as h where h.ready_at < 'infinity'
  union all
  select 'no_worker', count(distinct (s.l).type), string_agg(distinct (s.l).type, ', ') from served as s where s.workers = 0
  union all
  select 'too_large', count(*), min(format(
    'type %s of queue %s asks for %s cpu, %s MB%s', (s.l).type, (s.l).queue, trim_scale((s.l).cpu_units), (s.l).memory_mb,
    nullif(' and ' || (s.l).resources::text, ' and {}')
  )) from served as s where s.workers > 0 and not s.fits
  union all
  select 'full_pools', count(*), string_agg(p.pool, ', ' order by p.pool) from full_pool as p
  union all
  select 'suspects', count(*), min(s.job_id::text) from taskq_private.suspects as s
  union all
  select 'unsettled_graphs', coalesce(extract(epoch from measure_queue_health.now - min(u.finished_at)), 0), min(u.job_id::text) from unsettled as u;
$$;
comment on function taskq_private.measure_queue_health(timestamptz) is 'Figures for check_health() about what waits.';
