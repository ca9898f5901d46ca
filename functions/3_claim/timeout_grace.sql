-- The worker ends an attempt at its timeout and kills it soon after; only what it failed to end is left to tick().
create or replace function taskq_private.timeout_grace()
returns interval
language sql
immutable
parallel safe
as $$
  select interval '15 seconds';
$$;
comment on function taskq_private.timeout_grace() is 'How long after a timeout or a cancel the database ends an attempt that its worker has not ended.';
