-- running -> cancelled, once the jobs that run have stopped. What is more than ten thousand jobs is left to claims and ticks.
-- Locks: the workflow's row, then its jobs (cancel_jobs). Raises: TQ404, TQ409 with the state.
create or replace function taskq.cancel_workflow(workflow_id uuid, reason text default null)
returns taskq.workflow_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_status taskq.workflow_status;
begin
  perform from taskq_private.workflows as w where w.workflow_id = cancel_workflow.workflow_id for update;
  v_status := (select w.status from taskq.workflows as w where w.workflow_id = cancel_workflow.workflow_id and taskq_private.sees_workflow(w.workflow_id));
  if v_status is null then
    raise exception 'no workflow %', cancel_workflow.workflow_id using errcode = 'TQ404', hint = 'It may have expired: a workflow is kept as long as its jobs.';
  elsif v_status <> 'running' then
    raise exception 'workflow % is % and cannot be cancelled', cancel_workflow.workflow_id, v_status
      using errcode = 'TQ409', detail = v_status::text, hint = 'Only workflows with jobs that have not ended can be cancelled.';
  end if;

  perform taskq_private.record_audit('cancel_workflow', cancel_workflow.workflow_id::text, jsonb_build_object('reason', reason));
  update taskq_private.workflows as w
  set cancel_requested_at = taskq_private.clock(), cancel_reason = cancel_workflow.reason, cancelled_down_to = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
  where w.workflow_id = cancel_workflow.workflow_id;
  for v_i in 1 .. 10 loop
    exit when not taskq_private.cancel_workflow_chunk(cancel_workflow.workflow_id);
  end loop;
  return (select w.status from taskq.workflows as w where w.workflow_id = cancel_workflow.workflow_id);
end;
$$;
comment on function taskq.cancel_workflow(uuid, text) is
  'Cancels all jobs of a workflow that wait and asks those that run to stop. Answers cancelled, or running while some still have to. TQ404 for an unknown workflow, TQ409 for one that has ended. Example: select taskq.cancel_workflow(:''workflow'', ''wrong input'').';
