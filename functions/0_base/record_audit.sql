-- The door may name its caller in taskq.caller, taskq.key_id and taskq.door; without one it was SQL.
create or replace function taskq_private.record_audit(action text, target text, details jsonb default null)
returns void
language sql
volatile
as $$
  insert into taskq_private.audit_log (at, actor, action, target, details, key_id, role, door)
  values (
    taskq_private.clock(), taskq_private.actor(), action, target, details, nullif(current_setting('taskq.key_id', true), ''),
    taskq_private.acting_role(), coalesce(nullif(current_setting('taskq.door', true), ''), 'sql')
  );
$$;
comment on function taskq_private.record_audit(text, text, jsonb) is 'Writes down what an operator does, in the transaction that does it.';
