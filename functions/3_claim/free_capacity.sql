-- Derived from the claims under the worker's lock, never from a counter that could drift.
create or replace function taskq_private.free_capacity(worker taskq_private.workers, out cpu_units numeric, out memory_mb integer)
language sql
stable
as $$
  select worker.cpu_units - coalesce(sum(l.cpu_units * held.jobs), 0), (worker.memory_mb - coalesce(sum(l.memory_mb * held.jobs), 0))::integer
  from (
    select u.lane_id, count(*) as jobs
    from taskq_private.claims as c
    cross join unnest(c.lane_ids) as u (lane_id)
    where c.worker_id = worker.worker_id
    group by u.lane_id
  ) as held
  join taskq_private.lanes as l on l.lane_id = held.lane_id;
$$;
comment on function taskq_private.free_capacity(taskq_private.workers) is 'What the worker has left of its cpu and memory.';
