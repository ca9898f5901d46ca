-- Two keys of one holder are good at the same time, and never three. Locks: the old key. Raises: TQ404, TQ409, TQ422.
create or replace function taskq.rotate_api_key(key_id text, grace_seconds integer default 86400)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
  v_old taskq_private.api_keys;
begin
  perform taskq_private.check_scope();
  if (rotate_api_key.grace_seconds between 0 and 31536000) is not true then
    perform taskq_private.raise_error(taskq_private.invalid('grace_seconds', 'grace_seconds must be a whole number from 0 to 31536000'));
  end if;
  select * into v_old from taskq_private.api_keys as k where k.key_id = rotate_api_key.key_id for update;
  if not found then
    raise exception 'no api key %', rotate_api_key.key_id using errcode = 'TQ404', hint = 'Give the part between the two underscores; taskq.api_keys lists them.';
  end if;
  if not taskq_private.is_live(v_old, v_now) then
    raise exception 'api key % has ended', rotate_api_key.key_id using errcode = 'TQ409', detail = 'ended', hint = 'Make a new one with issue_api_key().';
  end if;
  if exists (
    select from taskq_private.api_keys as k
    where (k.rotated_from = v_old.key_id or k.key_id = v_old.rotated_from) and taskq_private.is_live(k, v_now)
  ) then
    raise exception 'api key % is being rotated already', rotate_api_key.key_id
      using errcode = 'TQ409', detail = 'rotating', hint = 'Two keys are good at a time: wait until the older one has ended, or revoke it.';
  end if;
  update taskq_private.api_keys as k
  set expires_at = least(k.expires_at, v_now + rotate_api_key.grace_seconds * interval '1 second')
  where k.key_id = v_old.key_id;
  return taskq_private.store_api_key('rotate_api_key', v_old.name, v_old.role, v_old.queues, v_now + (v_old.expires_at - v_old.created_at), v_old.key_id);
end;
$$;
comment on function taskq.rotate_api_key(text, integer) is
  'Makes the successor of a key, of the same name, role, queues and length of life, and answers it, this once. The old one is good for grace_seconds more (a day unless said otherwise). Example: select taskq.rotate_api_key(''0123456789ab'', grace_seconds => 3600).';
