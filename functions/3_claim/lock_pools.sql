-- Only the pools that lanes with work on them need: whoever looks for other work does not wait here. What a pool has granted
-- is summed under its lock, so claims that take from one pool are made one after the other.
-- Locks: rows of resource_pools, by pool.
create or replace function taskq_private.lock_pools(worker taskq_private.workers, is_claim boolean)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_pools text[] := array(
    select distinct substr(n.key, 6)
    from taskq_private.lanes as l
    cross join lateral jsonb_object_keys(taskq_private.lane_needs(l)) as n (key)
    where l.type = any (worker.types)
      and (worker.queues is null or l.queue = any (worker.queues))
      and n.key like 'pool:%'
      and exists (select from taskq_private.ready_jobs as r where r.lane_id = l.lane_id)
    order by 1
  );
begin
  if cardinality(v_pools) = 0 then
    return '{}';
  end if;
  if is_claim then
    perform from taskq_private.resource_pools as p where p.pool = any (v_pools) order by p.pool for no key update;
  end if;
  return taskq_private.pool_free(v_pools);
end;
$$;
comment on function taskq_private.lock_pools(taskq_private.workers, boolean) is 'How much this worker''s jobs can take of each pool; a claim holds those pools until it commits.';
