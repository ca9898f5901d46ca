-- Capacities: what is not with running jobs, derived from the claims. Rates: what has come back since it was last counted.
-- A claim holds these pools, so no other that takes of them is under way, and those to come have greater ids: what held when this
-- session last looked for the same pools, and what came after it, is all there can be (the same as in free_capacity).
create or replace function taskq_private.pool_free(pools text[], is_claim boolean default false)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_began timestamptz := taskq_private.clock();
  v_read bigint := pg_stat_get_xact_blocks_fetched('taskq_private.claims'::regclass);
  v_floor jsonb := case when is_claim then taskq_private.session_floor('taskq.granted') end;
  v_is_known boolean := coalesce(v_floor ->> 'pools' = pools::text, false);
  v_known bigint[] := case when v_is_known then (v_floor ->> 'claim_ids')::bigint[] else '{}' end;
  v_after bigint := case when v_is_known then (v_floor ->> 'after')::bigint else 0 end;
  v_held_ids bigint[];
  v_free jsonb;
begin
  with claim as materialized (
    select c.claim_id, c.lane_ids from taskq_private.claims as c where c.claim_id > v_after
    union all
    select c.claim_id, c.lane_ids from taskq_private.claims as c where c.claim_id = any (v_known)
  ), held as materialized (
    select u.lane_id, count(*) as jobs from claim as c cross join unnest(c.lane_ids) as u (lane_id) group by u.lane_id
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
  ), '{}'), (select array_agg(c.claim_id) from claim as c)
  into v_free, v_held_ids
  from taskq_private.resource_pools as p
  left join used as u on u.key = 'pool:' || p.pool
  where p.pool = any (pool_free.pools);

  if is_claim and pg_stat_get_xact_blocks_fetched('taskq_private.claims'::regclass) - v_read > 16 + cardinality(v_known) then
    perform taskq_private.keep_floor('taskq.granted', case when v_is_known then v_floor end, v_began, jsonb_build_object(
      'pools', pools::text, 'claim_ids', coalesce(v_held_ids, '{}')::text, 'after', (select case when s.is_called then s.last_value else 0 end from taskq_private.claim_ids as s)
    ));
  end if;
  return v_free;
end;
$$;
comment on function taskq_private.pool_free(text[], boolean) is 'How much of each pool can go out now.';
