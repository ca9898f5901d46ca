create or replace function taskq_private.explain_pools(lane taskq_private.lanes)
returns table (code text, message text, details jsonb)
language sql
stable
as $$
  select case when p.capacity < need.amount then 'larger_than_pool' else 'pool_exhausted' end,
    case
      when p.capacity < need.amount then format('It asks for %s of %s, which never allows more than %s.', trim_scale(need.amount), pool.label, trim_scale(p.capacity))
      when p.refill_per_second is null then format('%s allows %s, and %s is left.', initcap(left(pool.label, 1)) || substr(pool.label, 2), trim_scale(p.capacity), trim_scale(greatest(free.amount, 0)))
      else format('%s allows the next in %s s at the earliest.', initcap(left(pool.label, 1)) || substr(pool.label, 2), round((need.amount - free.amount) / p.refill_per_second::numeric, 3))
    end,
    jsonb_build_object(
      'pool', p.pool, 'capacity', p.capacity, 'free', greatest(free.amount, 0), 'needs', need.amount,
      'next_in_seconds', case when p.refill_per_second is not null and p.capacity >= need.amount then round((need.amount - free.amount) / p.refill_per_second::numeric, 3) end,
      'job_ids', (
        select coalesce(array_agg(u.job_id order by u.job_id), '{}')
        from (
          select u.job_id
          from taskq_private.claims as c
          cross join unnest(c.job_ids, c.lane_ids) as u (job_id, lane_id)
          join taskq_private.lanes as l on l.lane_id = u.lane_id
          where taskq_private.lane_needs(l) ? n.key and p.refill_per_second is null
          limit 100
        ) as u
      )
    )
  from jsonb_each(coalesce(taskq_private.lane_needs(lane), '{}')) as n
  join taskq_private.resource_pools as p on n.key = 'pool:' || p.pool
  cross join lateral (select n.value::numeric) as need (amount)
  cross join lateral (
    select case
      when p.queue is not null then format('the %s of queue %s', case when p.refill_per_second is null then 'limit' else 'rate' end, p.queue)
      when p.type is not null then format('the %s of type %s', case when p.refill_per_second is null then 'limit' else 'rate' end, p.type)
      else format('pool %s', p.pool)
    end
  ) as pool (label)
  cross join lateral (select (taskq_private.pool_free(array[p.pool]) ->> n.key)::numeric) as free (amount)
  where free.amount < need.amount;
$$;
comment on function taskq_private.explain_pools(taskq_private.lanes) is 'The pools that have too little for a job of this lane, and which running jobs hold what there is.';
