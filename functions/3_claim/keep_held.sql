-- The caller holds the worker's lock, so no claim of this worker is under way, and those to come have greater ids. Behind a pooler
-- a session serves many workers.
create or replace function taskq_private.keep_held(worker_id uuid, known bigint[], after bigint)
returns void
language plpgsql
volatile
as $$
declare
  v_held jsonb := coalesce(nullif(current_setting('taskq.held', true), ''), '{}');
begin
  if current_setting('transaction_isolation') <> 'read committed' then -- what others have claimed for this worker may not be seen
    return;
  end if;
  if (select count(*) from jsonb_object_keys(v_held)) >= 100 then
    v_held := '{}';
  end if;
  perform set_config('taskq.held', (v_held || jsonb_build_object(worker_id, jsonb_build_object(
    'after', (select case when s.is_called then s.last_value else 0 end from taskq_private.claim_ids as s),
    'claim_ids', array(
      select c.claim_id from taskq_private.claims as c where c.worker_id = keep_held.worker_id and c.claim_id > keep_held.after
      union all
      select c.claim_id from taskq_private.claims as c where c.claim_id = any (known)
    )::text
  )))::text, false);
end;
$$;
comment on function taskq_private.keep_held(uuid, bigint[], bigint) is 'Remembers which claims this worker holds, so that this session need not walk over those that have ended.';
