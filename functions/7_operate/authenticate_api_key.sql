-- Called by the server before it acts for a caller. Raises: TQ401.
create or replace function taskq.authenticate_api_key(
  api_key text, out key_id text, out name text, out role text, out queues text[], out expires_in_seconds double precision
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
  v_key taskq_private.api_keys;
begin
  select * into v_key from taskq_private.find_api_key(api_key);
  if not found then
    raise exception 'the api key is not valid' using errcode = 'TQ401', hint = 'Send Authorization: Bearer taskq_<id>_<secret> with a key that has not expired.';
  end if;
  if v_key.last_used_at is null or v_key.last_used_at < v_now - interval '1 minute' then
    update taskq_private.api_keys as k set last_used_at = v_now where k.key_id = v_key.key_id;
  end if;
  key_id := v_key.key_id;
  name := v_key.name;
  role := v_key.role;
  queues := v_key.queues;
  expires_in_seconds := extract(epoch from v_key.expires_at - v_now);
end;
$$;
comment on function taskq.authenticate_api_key(text) is
  'Whose key this is, which role it has, which queues it is for (null for all), and how long it is good yet (null for ever); raises TQ401 for one that is not valid. Example: select * from taskq.authenticate_api_key(''taskq_…'').';
