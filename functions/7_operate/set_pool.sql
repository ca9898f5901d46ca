-- Locks: the pool, so that a claim under way counts against the old capacity and the next against the new one.
create or replace function taskq.set_pool(pool text, capacity numeric)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.store_pool(pool, capacity, null, null, null);
end;
$$;
comment on function taskq.set_pool(text, numeric) is
  'Makes a pool that jobs of all workers share, or changes how much of it there is. A job takes from it what its resource_requirements say, for as long as it runs. Example: select taskq.set_pool(''stripe_api'', 5).';
