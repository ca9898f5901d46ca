-- Locks: the pool that stands for the limit. Raises: TQ422.
create or replace function taskq.set_limit(queue text default null, type text default null, max_running integer default null)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_pool text := taskq_private.limit_name(queue, type);
begin
  if max_running is null then
    perform taskq.delete_pool(v_pool);
  else
    perform taskq_private.store_pool(v_pool, max_running, null, queue, type);
  end if;
  return v_pool;
end;
$$;
comment on function taskq.set_limit(text, text, integer) is
  'Limits how many jobs of a queue or of a type run at a time, across all workers; null for no limit. Answers the name of the pool that stands for it. Example: select taskq.set_limit(type => ''send_email'', max_running => 10).';
