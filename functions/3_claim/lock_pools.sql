-- Only the pools that lanes with work on them need: whoever looks for other work does not wait here. What a pool has granted
-- is summed under its lock, so claims that take from one pool are made one after the other.
-- Locks: rows of resource_pools, by pool.
create or replace function taskq_private.lock_pools(fronts taskq_private.front[], is_claim boolean)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_pools text[] := array(
    select distinct substr(n.key, 6)
    from unnest(fronts) as f
    cross join lateral jsonb_object_keys(f.needs) as n (key)
    where n.key like 'pool:%'
    order by 1
  );
begin
  if cardinality(v_pools) = 0 then
    return '{}';
  end if;
  if is_claim then
    perform from taskq_private.resource_pools as p where p.pool = any (v_pools) order by p.pool for no key update;
  end if;
  return taskq_private.pool_free(v_pools, is_claim);
end;
$$;
comment on function taskq_private.lock_pools(taskq_private.front[], boolean) is 'How much the jobs of these lanes can take of each pool; a claim holds those pools until it commits.';
