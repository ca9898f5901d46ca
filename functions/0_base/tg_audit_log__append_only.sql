-- For the owner, too: what has been done cannot be made not to have been.
create or replace function taskq_private.tg_audit_log__append_only()
returns trigger
language plpgsql
volatile
as $$
begin
  raise exception 'the audit log is only ever added to' using errcode = 'insufficient_privilege', hint = 'Read it in taskq.audit_log.';
end;
$$;
comment on function taskq_private.tg_audit_log__append_only() is 'Refuses to change or delete what is in the audit log.';
