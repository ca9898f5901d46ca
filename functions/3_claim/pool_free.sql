-- Capacities: what is not with running jobs, derived from the claims. Rates: what has come back since it was last counted.
create or replace function taskq_private.pool_free(pools text[])
returns jsonb
language sql
volatile
as $$
  with held as materialized (
    select l.lane_id, count(*) as jobs
    from taskq_private.claims as c
    cross join unnest(c.lane_ids) as l (lane_id)
    group by l.lane_id
  ), used as materialized (
    select n.key, sum(n.value::numeric * h.jobs) as amount
    from held as h
    join taskq_private.lanes as l on l.lane_id = h.lane_id
    cross join lateral jsonb_each(taskq_private.lane_needs(l)) as n
    group by n.key
  )
  select coalesce(jsonb_object_agg(
    'pool:' || p.pool,
    case when p.refill_per_second is null then p.capacity - coalesce(u.amount, 0) else trunc(taskq_private.pool_tokens(p)::numeric, 6) end
  ), '{}')
  from taskq_private.resource_pools as p
  left join used as u on u.key = 'pool:' || p.pool
  where p.pool = any (pool_free.pools);
$$;
comment on function taskq_private.pool_free(text[]) is 'How much of each pool can go out now.';
