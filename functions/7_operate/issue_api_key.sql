-- Raises: TQ422.
create or replace function taskq.issue_api_key(
  name text, role text default 'taskq_client', queues text[] default null, expires_at timestamptz default null
)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_scope();
  if (length(issue_api_key.name) between 1 and 200) is not true then
    perform taskq_private.raise_error(taskq_private.invalid('name', 'name must be a text of 1 to 200 characters', 'TQ422', 'Say whose key it is.'));
  end if;
  if (issue_api_key.role in ('taskq_reader', 'taskq_client', 'taskq_operator', 'taskq_admin')) is not true then
    perform taskq_private.raise_error(taskq_private.invalid(
      'role', 'role must be taskq_reader, taskq_client, taskq_operator or taskq_admin', 'TQ422', 'Workers log in to the database and need no key.'
    ));
  end if;
  if issue_api_key.expires_at <= taskq_private.clock() then
    perform taskq_private.raise_error(taskq_private.invalid('expires_at', 'expires_at must be an instant to come', 'TQ422', 'Leave it out for a key that does not expire.'));
  end if;
  return taskq_private.store_api_key('issue_api_key', name, role, queues, expires_at);
end;
$$;
comment on function taskq.issue_api_key(text, text, text[], timestamptz) is
  'Makes a key for the network doors and answers it, this once: taskq_<id>_<secret>. With queues it is good for these alone: their jobs are all that it sees, submits and steers. Example: select taskq.issue_api_key(''grafana'', ''taskq_reader'', queues => ''{mail}'', expires_at => now() + interval ''1 year'').';
