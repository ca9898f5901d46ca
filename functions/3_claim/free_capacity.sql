-- Derived from the claims under the worker's lock, never from a counter that could drift.
create or replace function taskq_private.free_capacity(worker taskq_private.workers)
returns taskq_private.capacity
language sql
stable
as $$
  select row(
    worker.cpu_units - coalesce(sum(l.cpu_units * held.jobs), 0),
    worker.memory_mb - coalesce(sum(l.memory_mb * held.jobs), 0),
    case
      when worker.resources = '{}' then '{}'
      when count(*) filter (where l.resources <> '{}') = 0 then worker.resources
      else taskq_private.less(worker.resources, array_agg(l.resources) filter (where l.resources <> '{}'), array_agg(held.jobs) filter (where l.resources <> '{}'))
    end
  )::taskq_private.capacity
  from (
    select u.lane_id, count(*) as jobs
    from taskq_private.claims as c
    cross join unnest(c.lane_ids) as u (lane_id)
    where c.worker_id = worker.worker_id
    group by u.lane_id
  ) as held
  join taskq_private.lanes as l on l.lane_id = held.lane_id;
$$;
comment on function taskq_private.free_capacity(taskq_private.workers) is 'What the worker has left of its cpu, its memory and its further resources.';
