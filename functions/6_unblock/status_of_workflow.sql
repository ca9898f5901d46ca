create or replace function taskq_private.status_of_workflow(workflow taskq_private.workflows)
returns taskq.workflow_status
language sql
immutable
as $$
  select (case
    when workflow.completed_count + workflow.failed_count + workflow.cancelled_count + workflow.skipped_count < workflow.job_count then 'running'
    when workflow.cancel_requested_at is not null and workflow.cancelled_count > 0 then 'cancelled'
    when workflow.failed_count > 0 then 'failed'
    when workflow.cancelled_count > 0 then 'cancelled'
    else 'completed'
  end)::taskq.workflow_status;
$$;
comment on function taskq_private.status_of_workflow(taskq_private.workflows) is 'The status that follows from a workflow''s counts.';
