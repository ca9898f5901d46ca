create or replace function taskq_private.is_in_running_workflow(job_id uuid)
returns boolean
language sql
stable
as $$
  select exists (
    select
    from taskq_private.job_specs as s
    join taskq_private.workflows as w on w.workflow_id = s.workflow_id
    where s.job_id = is_in_running_workflow.job_id and w.status = 'running'
  );
$$;
comment on function taskq_private.is_in_running_workflow(uuid) is 'Whether other jobs of this job''s workflow have not ended.';
