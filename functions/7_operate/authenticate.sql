-- Called by the server before it acts for a caller. Both parts are compared as hashes, in constant time for their length.
create or replace function taskq.authenticate(api_key text, out name text, out role text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_key taskq_private.api_keys;
begin
  select * into v_key
  from taskq_private.api_keys as k
  where k.key_id = split_part(api_key, '_', 2)
    and k.secret_hash = sha256(convert_to(split_part(api_key, '_', 3), 'UTF8'))
    and split_part(api_key, '_', 1) = 'taskq'
    and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > v_now);
  if not found then
    raise exception 'the api key is not valid' using errcode = 'TQ401', hint = 'Send Authorization: Bearer taskq_<id>_<secret> with a key that has not expired.';
  end if;
  if v_key.last_used_at is null or v_key.last_used_at < v_now - interval '1 minute' then
    update taskq_private.api_keys as k set last_used_at = v_now where k.key_id = v_key.key_id;
  end if;
  name := v_key.name;
  role := v_key.role;
end;
$$;
comment on function taskq.authenticate(text) is 'Whose key this is and which role it has; raises TQ401 for one that is not valid.';
