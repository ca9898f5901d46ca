create or replace view taskq.workers as
select
  w.worker_id,
  w.name,
  w.status,
  w.types,
  w.queues,
  w.concurrency,
  w.cpu_units,
  w.memory_mb,
  coalesce(held.jobs, 0)::integer as running_count,
  coalesce(held.cpu_units, 0) as granted_cpu_units,
  coalesce(held.memory_mb, 0)::integer as granted_memory_mb,
  w.load,
  w.started_at,
  w.heartbeat_at,
  w.ended_at,
  w.resources,
  coalesce(held.resources, '{}') as granted_resources,
  (select r.job_id from taskq_private.reservations as r where r.worker_id = w.worker_id) as reserved_job_id
from taskq_private.workers as w
left join lateral (
  select count(*) as jobs, sum(l.cpu_units) as cpu_units, sum(l.memory_mb) as memory_mb,
    (
      select jsonb_object_agg(o.key, o.amount)
      from (
        select r.key, sum(r.value::numeric) as amount
        from taskq_private.claims as c
        cross join unnest(c.lane_ids) as u (lane_id)
        join taskq_private.lanes as l on l.lane_id = u.lane_id
        cross join lateral jsonb_each(l.resources) as r
        where c.worker_id = w.worker_id and w.resources ? r.key and not exists (select from taskq_private.resource_pools as p where p.pool = r.key)
        group by r.key
      ) as o
    ) as resources
  from taskq_private.claims as c
  cross join unnest(c.lane_ids) as u (lane_id)
  join taskq_private.lanes as l on l.lane_id = u.lane_id
  where c.worker_id = w.worker_id
) as held on true
where taskq_private.sees_queue(null);
comment on view taskq.workers is 'The workers: what each can carry, what it has been granted, what its machine really uses.';
