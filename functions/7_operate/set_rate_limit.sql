-- Locks: the pool that stands for the limit. Raises: TQ422.
create or replace function taskq.set_rate_limit(
  queue text default null, type text default null, jobs numeric default null, per_seconds numeric default 1, burst numeric default null
)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_pool text := 'rate:' || taskq_private.limit_name(queue, type);
begin
  if jobs is null then
    perform taskq.delete_pool(v_pool);
  else
    if burst < 1 then
      perform taskq_private.raise_error(taskq_private.invalid('burst', 'burst must be 1 or more: a job takes one'));
    end if;
    perform taskq_private.store_pool(v_pool, coalesce(burst, greatest(jobs, 1)), taskq_private.rate_of(jobs, per_seconds), queue, type);
  end if;
  return v_pool;
end;
$$;
comment on function taskq.set_rate_limit(text, text, numeric, numeric, numeric) is
  'Limits how many jobs of a queue or of a type start: jobs in per_seconds, and at most burst (or jobs, at least 1) at once after a pause; null for no limit. Example, 100 a minute: select taskq.set_rate_limit(queue => ''mail'', jobs => 100, per_seconds => 60).';
