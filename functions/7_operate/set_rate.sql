-- Locks: the pool.
create or replace function taskq.set_rate(pool text, amount numeric, per_seconds numeric, burst numeric default null)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.store_pool(pool, coalesce(burst, amount), taskq_private.rate_of(amount, per_seconds), null, null);
end;
$$;
comment on function taskq.set_rate(text, numeric, numeric, numeric) is
  'Makes a pool that refills: amount in per_seconds, and at most burst (or amount) at once after a pause. What a job takes from it is spent, not given back. Example, 100 a minute and at most 10 at once: select taskq.set_rate(''mail_api'', 100, 60, 10).';
