-- Locks: the key, then parked jobs. Raises: TQ422.
create or replace function taskq.set_concurrency_limit(concurrency_key text, max_running integer)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  perform taskq_private.check_scope();
  if (length(set_concurrency_limit.concurrency_key) between 1 and 255) is not true then
    perform taskq_private.raise_error(taskq_private.invalid('concurrency_key', 'concurrency_key must be a text of 1 to 255 characters'));
  end if;
  if (set_concurrency_limit.max_running not between 1 and 1000000) then
    perform taskq_private.raise_error(taskq_private.invalid('max_running', 'max_running must be a whole number from 1 to 1000000'));
  end if;
  insert into taskq_private.concurrency_keys as k (concurrency_key, max_running, most_running, is_kept)
  values (
    set_concurrency_limit.concurrency_key, coalesce(set_concurrency_limit.max_running, 1), coalesce(set_concurrency_limit.max_running, 1),
    set_concurrency_limit.max_running is not null
  )
  on conflict on constraint pk_concurrency_keys do update set
    max_running = excluded.max_running, most_running = greatest(k.most_running, excluded.max_running), is_kept = excluded.is_kept;
  perform taskq_private.record_audit('set_concurrency_limit', set_concurrency_limit.concurrency_key, to_jsonb(set_concurrency_limit.max_running));
  perform taskq_private.admit_parked(array[set_concurrency_limit.concurrency_key]);
end;
$$;
comment on function taskq.set_concurrency_limit(text, integer) is
  'Says how many jobs of a concurrency_key may be ready or running at a time. Without it a key allows what its jobs say as concurrency_limit, or one; null goes back to that. A lower limit ends nothing that is out already. Example: select taskq.set_concurrency_limit(''customer-42'', 3).';
