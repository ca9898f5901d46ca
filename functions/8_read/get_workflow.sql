-- Raises: TQ404.
create or replace function taskq.get_workflow(workflow_id uuid)
returns setof taskq.workflows
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query select w.* from taskq.workflows as w where w.workflow_id = get_workflow.workflow_id;
  if not found then
    raise exception 'no workflow %', get_workflow.workflow_id using errcode = 'TQ404', hint = 'It may have expired: a workflow is kept as long as its jobs.';
  end if;
end;
$$;
comment on function taskq.get_workflow(uuid) is 'One workflow, with its status and how many of its jobs have ended how. TQ404 for an unknown one. Example: select status, unfinished_count from taskq.get_workflow(:''workflow'').';
