-- Raises: TQ404.
create or replace function taskq.revoke_api_key(key_id text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_scope();
  update taskq_private.api_keys as k
  set revoked_at = coalesce(k.revoked_at, taskq_private.clock())
  where k.key_id = revoke_api_key.key_id;
  if not found then
    raise exception 'no api key %', key_id using errcode = 'TQ404', hint = 'Give the part between the two underscores.';
  end if;
  perform taskq_private.record_audit('revoke_api_key', key_id);
end;
$$;
comment on function taskq.revoke_api_key(text) is 'Ends a key at once, by its id: the part between the two underscores. TQ404 for an unknown one. Example: select taskq.revoke_api_key(''3f9a…'').';
