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
comment on column taskq.workers.worker_id is 'Made anew each time it registers.';
comment on column taskq.workers.name is 'Host and process, for people.';
comment on column taskq.workers.status is 'active; draining (takes nothing new); stopped or lost (has ended, and is kept for a day).';
comment on column taskq.workers.types is 'The job types that it can run.';
comment on column taskq.workers.queues is 'The queues that it serves; null for all.';
comment on column taskq.workers.concurrency is 'Jobs that it runs at a time.';
comment on column taskq.workers.cpu_units is 'Cpu that its jobs may take together.';
comment on column taskq.workers.memory_mb is 'Memory that its jobs may take together, in MB.';
comment on column taskq.workers.running_count is 'Jobs that it has.';
comment on column taskq.workers.granted_cpu_units is 'Cpu that these have been granted.';
comment on column taskq.workers.granted_memory_mb is 'Memory that these have been granted, in MB.';
comment on column taskq.workers.load is 'What its machine really uses, as of the last heartbeat.';
comment on column taskq.workers.started_at is 'When it registered.';
comment on column taskq.workers.heartbeat_at is 'When it was last heard of.';
comment on column taskq.workers.ended_at is 'When it stopped or was declared lost.';
comment on column taskq.workers.resources is 'What else it has, such as {"gpu": 2}.';
comment on column taskq.workers.granted_resources is 'What of that its jobs have been granted.';
comment on column taskq.workers.reserved_job_id is 'The large job that it is kept free for.';
comment on view taskq.workers is 'The workers: what each can carry, what it has been granted, what its machine really uses.';
