-- The secret is shown once; only its hash is kept. Raises: TQ422.
create or replace function taskq_private.store_api_key(action text, name text, role text, queues text[], expires_at timestamptz, rotated_from text default null)
returns text
language plpgsql
volatile
as $$
declare
  v_key_id text := substr(replace(gen_random_uuid()::text, '-', ''), 1, 12);
  v_secret text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
  if queues = '{}' or exists (select from unnest(queues) as q (queue) where (q.queue ~ '^[A-Za-z0-9_.:-]{1,100}$') is not true) then
    perform taskq_private.raise_error(taskq_private.invalid(
      'queues', 'queues must be names of queues of A-Z a-z 0-9 _ . : -, at most 100 characters each', 'TQ422', 'Name one queue or more, or leave it out for all.'
    ));
  end if;
  insert into taskq_private.api_keys (key_id, secret_hash, name, role, created_at, expires_at, queues, rotated_from)
  values (v_key_id, sha256(convert_to(v_secret, 'UTF8')), name, role, taskq_private.clock(), expires_at, queues, rotated_from);
  perform taskq_private.record_audit(action, v_key_id, jsonb_strip_nulls(jsonb_build_object(
    'name', name, 'role', role, 'queues', queues, 'expires_at', expires_at, 'rotated_from', rotated_from
  )));
  return format('taskq_%s_%s', v_key_id, v_secret);
end;
$$;
comment on function taskq_private.store_api_key(text, text, text, text[], timestamptz, text) is 'Makes a key, writes that down, and answers it.';
