-- The caller holds the pools.
create or replace function taskq_private.spend_tokens(lane_ids integer[])
returns void
language plpgsql
volatile
as $$
begin
  update taskq_private.resource_pools as p
  set tokens = greatest(taskq_private.pool_tokens(p) - spent.amount, 0), refilled_at = taskq_private.clock()
  from (
    select substr(n.key, 6) as pool, sum(n.value::numeric * c.jobs) as amount
    from (select u.lane_id, count(*) as jobs from unnest(lane_ids) as u (lane_id) group by u.lane_id) as c
    join taskq_private.lanes as l on l.lane_id = c.lane_id
    cross join lateral jsonb_each(taskq_private.lane_needs(l)) as n
    where n.key like 'pool:%'
    group by 1
  ) as spent
  where p.pool = spent.pool and p.refill_per_second is not null;
end;
$$;
comment on function taskq_private.spend_tokens(integer[]) is 'Takes from rates what these jobs take.';
