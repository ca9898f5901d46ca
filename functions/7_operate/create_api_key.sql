create or replace function taskq.create_api_key(name text, role text default 'taskq_client', expires_at timestamptz default null)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_scope();
  return taskq_private.store_api_key('create_api_key', name, role, null, expires_at);
end;
$$;
comment on function taskq.create_api_key(text, text, timestamptz) is
  'Makes a key for the network doors and answers it, this once: taskq_<id>_<secret>. role is taskq_reader, taskq_client, taskq_operator or taskq_admin. For one that is good for some queues only see issue_api_key(). Example: select taskq.create_api_key(''bob'', ''taskq_client'', now() + interval ''90 days'').';
