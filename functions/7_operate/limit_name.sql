create or replace function taskq_private.limit_name(queue text, type text)
returns text
language plpgsql
stable
as $$
begin
  if (queue is null) = (type is null) then
    perform taskq_private.raise_error(taskq_private.invalid('queue', 'a limit is for a queue or for a type', 'TQ422', 'Give one of the two.'));
  end if;
  if coalesce(queue, type) !~ '^[A-Za-z0-9_.:-]{1,100}$' then
    perform taskq_private.raise_error(taskq_private.invalid(case when queue is null then 'type' else 'queue' end, 'a name is 1 to 100 of A-Z a-z 0-9 _ . : -'));
  end if;
  return case when queue is null then 'type:' || type else 'queue:' || queue end;
end;
$$;
comment on function taskq_private.limit_name(text, text) is 'The name of the pool that stands for the limit of a queue or a type.';
