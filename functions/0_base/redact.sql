-- A function of schema taskq because views call it for whoever looks.
create or replace function taskq.redact(value jsonb)
returns jsonb
language sql
immutable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select taskq_private.redact_value(value);
$$;
comment on function taskq.redact(jsonb) is
  'A value without its secrets: what is under a key such as password, secret, token, authorization, api_key, cookie, private_key, access_key or credential, at any depth, and in texts API keys, bearer tokens, the passwords of URLs, and what is set as in password=…. Example: select taskq.redact(''{"smtp": {"password": "x"}}'').';
