-- Null for most lanes, which take nothing but cpu and memory. A pool goes before a worker's resource of the same name.
create or replace function taskq_private.lane_needs(lane taskq_private.lanes)
returns jsonb
language sql
stable
as $$
  select jsonb_object_agg(n.key, n.amount)
  from (
    select case when p.pool is null then r.key else 'pool:' || r.key end as key, r.value::numeric as amount
    from jsonb_each(lane.resources) as r
    left join taskq_private.resource_pools as p on p.pool = r.key
    union all
    select 'pool:' || p.pool, 1 from taskq_private.resource_pools as p where p.queue = lane.queue or p.type = lane.type
  ) as n;
$$;
comment on function taskq_private.lane_needs(taskq_private.lanes) is 'What a job of this lane takes beside cpu and memory: of its worker''s further resources, and of pools (keys pool:<name>).';
