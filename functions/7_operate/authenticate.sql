-- Raises: TQ401.
create or replace function taskq.authenticate(api_key text, out name text, out role text)
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  select a.name, a.role from taskq.authenticate_api_key(api_key) as a;
$$;
comment on function taskq.authenticate(text) is 'Whose key this is and which role it has; raises TQ401 for one that is not valid. authenticate_api_key() says more. Example: select * from taskq.authenticate(''taskq_…'').';
