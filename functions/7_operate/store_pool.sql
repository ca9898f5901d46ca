-- Raises: TQ422 for a name or an amount that cannot be.
create or replace function taskq_private.store_pool(pool text, capacity numeric, refill_per_second double precision, queue text, type text)
returns void
language plpgsql
volatile
as $$
#variable_conflict use_column
begin
  perform taskq_private.check_scope(store_pool.queue);
  if (store_pool.pool ~ '^[A-Za-z0-9_.:-]{1,120}$') is not true or store_pool.pool in ('cpu_units', 'memory_mb')
    or store_pool.pool ~ '^(queue|type|rate):' and store_pool.queue is null and store_pool.type is null
  then
    perform taskq_private.raise_error(taskq_private.invalid('pool', format('"%s" cannot be the name of a pool', left(store_pool.pool, 150)), 'TQ422', 'Use 1 to 120 of A-Z a-z 0-9 _ . : -; queue:, type: and rate: begin the names of limits.'));
  end if;
  if (store_pool.capacity between 0 and 999999999 and store_pool.capacity * 1000 % 1 = 0) is not true then
    perform taskq_private.raise_error(taskq_private.invalid('capacity', 'capacity must be a number from 0 to 999999999, three decimals at most'));
  end if;
  if store_pool.queue is null and store_pool.type is null
    and exists (select from taskq_private.workers as w where w.status in ('active', 'draining') and w.resources ? store_pool.pool)
  then
    raise exception '"%" is a resource that workers have of their own', store_pool.pool
      using errcode = 'TQ409', detail = 'declared', hint = 'Give the pool another name: jobs could not say which of the two they mean.';
  end if;
  insert into taskq_private.resource_pools as p (pool, capacity, refill_per_second, tokens, refilled_at, queue, type, created_at)
  values (
    store_pool.pool, store_pool.capacity, store_pool.refill_per_second, case when store_pool.refill_per_second is not null then store_pool.capacity end,
    case when store_pool.refill_per_second is not null then taskq_private.clock() end, store_pool.queue, store_pool.type, taskq_private.clock()
  )
  on conflict (pool) do update set
    capacity = excluded.capacity,
    refill_per_second = excluded.refill_per_second,
    tokens = case when excluded.refill_per_second is not null then least(coalesce(taskq_private.pool_tokens(p), excluded.capacity), excluded.capacity) end,
    refilled_at = excluded.refilled_at,
    queue = coalesce(excluded.queue, p.queue),
    type = coalesce(excluded.type, p.type);
  perform taskq_private.record_audit('set_pool', store_pool.pool, jsonb_strip_nulls(jsonb_build_object('capacity', store_pool.capacity, 'refill_per_second', store_pool.refill_per_second)));
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq_private.store_pool(text, numeric, double precision, text, text) is 'Makes a pool or changes it.';
