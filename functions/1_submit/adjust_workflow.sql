-- Jobs that an earlier submit had made stay where they were made. A workflow that is left without jobs is none.
create or replace function taskq_private.adjust_workflow(workflow_id uuid, jobs taskq_private.submission[])
returns uuid
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_count integer := (select count(*) from unnest(jobs) as j where j.repeated is not true);
begin
  if v_count = 0 then
    delete from taskq_private.workflows as w where w.workflow_id = adjust_workflow.workflow_id;
    return (select s.workflow_id from taskq_private.job_specs as s where s.job_id = (jobs[1]).job_id);
  end if;
  if v_count < cardinality(jobs) then
    update taskq_private.workflows as w set job_count = v_count where w.workflow_id = adjust_workflow.workflow_id;
  end if;
  perform taskq_private.record_workflow_event('workflow_submitted', adjust_workflow.workflow_id);
  return adjust_workflow.workflow_id;
end;
$$;
comment on function taskq_private.adjust_workflow(uuid, taskq_private.submission[]) is
  'Counts the jobs that are new in this workflow; answers it, or that of the jobs where none is new.';
