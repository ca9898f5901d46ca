create or replace function taskq_private.is_live(key taskq_private.api_keys, now timestamptz)
returns boolean
language sql
immutable
as $$
  select key.revoked_at is null and (key.expires_at is null or key.expires_at > now);
$$;
comment on function taskq_private.is_live(taskq_private.api_keys, timestamptz) is 'Whether a key is good: neither revoked nor expired.';
