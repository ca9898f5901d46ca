create or replace function taskq_private.pool_tokens(pool taskq_private.resource_pools)
returns double precision
language sql
volatile
as $$
  select least(
    pool.capacity, pool.tokens + greatest(extract(epoch from taskq_private.clock() - pool.refilled_at), 0) * pool.refill_per_second
  )::double precision;
$$;
comment on function taskq_private.pool_tokens(taskq_private.resource_pools) is 'How much of a rate there is now.';
