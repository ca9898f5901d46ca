-- The door may name its caller in taskq.caller (an API key's name); session_user is what the database itself knows.
create or replace function taskq_private.record_audit(action text, target text, details jsonb default null)
returns void
language sql
volatile
as $$
  insert into taskq_private.audit_log (at, actor, action, target, details)
  values (taskq_private.clock(), taskq_private.actor(), action, target, details);
$$;
comment on function taskq_private.record_audit(text, text, jsonb) is 'Writes down what an operator does, in the transaction that does it.';
