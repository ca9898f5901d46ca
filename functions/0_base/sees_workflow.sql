create or replace function taskq_private.sees_workflow(workflow_id uuid)
returns boolean
language sql
stable
as $$
  select taskq_private.queue_scope() is null or not exists (
    select
    from taskq_private.job_specs as s
    join taskq_private.lanes as l on l.lane_id = s.lane_id
    where s.workflow_id = sees_workflow.workflow_id and not taskq_private.sees_queue(l.queue)
  );
$$;
comment on function taskq_private.sees_workflow(uuid) is 'Whether all jobs of a workflow are in queues that the caller''s key is for.';
