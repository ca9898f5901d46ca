create or replace function taskq.has_api_key()
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select exists (select from taskq_private.api_keys as k where taskq_private.is_live(k, taskq_private.clock()));
$$;
comment on function taskq.has_api_key() is 'Whether any key is valid: a server that others can reach does not start without one. Example: select taskq.has_api_key().';
