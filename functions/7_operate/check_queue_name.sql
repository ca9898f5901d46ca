create or replace function taskq_private.check_queue_name(queue text)
returns void
language plpgsql
stable
as $$
begin
  if (queue ~ '^[A-Za-z0-9_.:-]{1,100}$') is not true then
    perform taskq_private.raise_error(taskq_private.invalid('queue', 'queue must be a queue name of A-Z a-z 0-9 _ . : -, at most 100 characters'));
  end if;
  perform taskq_private.check_scope(queue);
end;
$$;
comment on function taskq_private.check_queue_name(text) is 'Raises TQ422 for what cannot be the name of a queue, 42501 for one that the caller''s key is not for.';
