-- So that a timer and no poll decides: a job that waits for nothing but a rate is claimed when the rate allows it.
create or replace function taskq_private.tokens_in()
returns double precision
language sql
volatile
as $$
  select min(greatest((n.value::numeric - taskq_private.pool_tokens(p)::numeric) / p.refill_per_second::numeric, 0.001))::double precision
  from taskq_private.lanes as l
  cross join lateral jsonb_each(taskq_private.lane_needs(l)) as n
  cross join (select taskq_private.session_floor('taskq.lane_floors') -> 'lanes' as lanes offset 0) as floors
  join taskq_private.resource_pools as p on n.key = 'pool:' || p.pool and p.refill_per_second is not null
  where exists (
      select from taskq_private.ready_jobs as r
      where r.lane_id = l.lane_id and r.ready_at >= coalesce(to_timestamp((floors.lanes ->> l.lane_id::text)::float8), '-infinity')
    )
    and taskq_private.pool_tokens(p) < n.value::numeric
    and p.capacity >= n.value::numeric;
$$;
comment on function taskq_private.tokens_in() is 'Seconds until a rate allows the next ready job; null when none waits for a rate.';
