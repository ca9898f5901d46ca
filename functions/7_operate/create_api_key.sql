-- The secret is shown once; only its hash is kept.
create or replace function taskq.create_api_key(name text, role text default 'taskq_client', expires_at timestamptz default null)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_key_id text := substr(replace(gen_random_uuid()::text, '-', ''), 1, 12);
  v_secret text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
  insert into taskq_private.api_keys (key_id, secret_hash, name, role, created_at, expires_at)
  values (v_key_id, sha256(convert_to(v_secret, 'UTF8')), name, role, taskq_private.clock(), expires_at);
  perform taskq_private.record_audit('create_api_key', v_key_id, jsonb_build_object('name', name, 'role', role));
  return format('taskq_%s_%s', v_key_id, v_secret);
end;
$$;
comment on function taskq.create_api_key(text, text, timestamptz) is
  'Makes a key for the network doors and answers it, this once: taskq_<id>_<secret>. role is taskq_reader, taskq_client, taskq_operator or taskq_admin.';
