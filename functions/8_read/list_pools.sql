create or replace function taskq.list_pools()
returns table (pool text, capacity numeric, queue text, type text, refill_per_second double precision, granted numeric, free numeric, created_at timestamptz)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select
    p.pool, p.capacity, p.queue, p.type, p.refill_per_second,
    case when p.refill_per_second is null then p.capacity - f.free else 0 end,
    greatest(f.free, 0), p.created_at
  from taskq_private.resource_pools as p
  cross join lateral (select (taskq_private.pool_free(array[p.pool]) ->> ('pool:' || p.pool))::numeric) as f (free)
  where taskq_private.sees_queue(p.queue)
  order by p.pool;
$$;
comment on function taskq.list_pools() is
  'What jobs of all workers share: pools, limits of queues and types (one for each job), and rates (refill_per_second; capacity is the burst). granted is with running jobs now, free can go out now. Example: select pool, granted, free from taskq.list_pools() where free = 0.';
