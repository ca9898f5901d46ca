-- The last jobs first: what depends on others usually comes after them, and is cancelled for its own sake before they are.
-- Locks: the workflow's row, then the jobs.
create or replace function taskq_private.cancel_workflow_chunk(workflow_id uuid)
returns boolean
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_workflow taskq_private.workflows;
  v_job_ids uuid[];
begin
  select * into v_workflow from taskq_private.workflows as w where w.workflow_id = cancel_workflow_chunk.workflow_id for update;
  v_job_ids := array(
    select s.job_id
    from taskq_private.job_specs as s
    where s.workflow_id = v_workflow.workflow_id and s.job_id < v_workflow.cancelled_down_to
    order by s.job_id desc
    limit 1000
  );
  perform taskq_private.cancel_jobs(v_job_ids, v_workflow.cancel_reason);
  update taskq_private.workflows as w set cancelled_down_to = v_job_ids[1000] where w.workflow_id = v_workflow.workflow_id;
  return cardinality(v_job_ids) = 1000;
end;
$$;
comment on function taskq_private.cancel_workflow_chunk(uuid) is 'Cancels the next thousand jobs of a workflow that is being cancelled; answers whether there may be more.';
