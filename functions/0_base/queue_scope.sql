create or replace function taskq_private.queue_scope()
returns text[]
language sql
stable
as $$
  select nullif(current_setting('taskq.queues', true), '')::text[];
$$;
comment on function taskq_private.queue_scope() is 'The queues that the caller''s key is for; null for all.';
