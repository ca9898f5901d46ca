-- The rest of workflows that are being cancelled, a chunk a call. Locks: the workflow's row, unless another session has it in
-- hand; then its jobs.
create or replace function taskq_private.cancel_workflows()
returns boolean
language plpgsql
volatile
as $$
declare
  v_workflow_id uuid;
begin
  if not exists (select from taskq_private.workflows as w where w.cancelled_down_to is not null) then
    return false;
  end if;
  select w.workflow_id into v_workflow_id
  from taskq_private.workflows as w where w.cancelled_down_to is not null
  order by w.workflow_id limit 1
  for update skip locked;
  return found and taskq_private.cancel_workflow_chunk(v_workflow_id);
end;
$$;
comment on function taskq_private.cancel_workflows() is 'Goes on with a workflow that is being cancelled; answers whether there may be more.';
