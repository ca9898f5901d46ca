-- A sixth of what is kept: what goes whole is kept that much longer at most, and there are about ten partitions of a table.
create or replace function taskq_private.history_length(family text)
returns interval
language sql
stable
as $$
  select greatest(date_trunc('second', taskq_private.history_ttl(family) / 6), interval '10 minutes');
$$;
comment on function taskq_private.history_length(text) is 'How long a period is.';
