-- failed -> ready | blocked, and what was cancelled because of it -> blocked: the workflow goes on where it failed. Bounded.
-- Calls: retry_job. Raises: TQ404, TQ409 with the state when no job of it has failed.
create or replace function taskq.retry_workflow(workflow_id uuid, max_jobs integer default 1000)
returns integer
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
  v_status taskq.workflow_status := (select w.status from taskq.get_workflow(retry_workflow.workflow_id) as w);
  v_job_ids uuid[] := array(
    select s.job_id
    from taskq_private.job_specs as s
    join taskq_private.finished_jobs as f on f.job_id = s.job_id and f.status = 'failed'
    where s.workflow_id = retry_workflow.workflow_id and taskq_private.hopeless_edge(s.job_id) is null
    order by s.job_id
    limit greatest(max_jobs, 1)
  );
  v_job_id uuid;
begin
  if cardinality(v_job_ids) = 0 then
    raise exception 'workflow % is % and has no failed job to run again', retry_workflow.workflow_id, v_status
      using errcode = 'TQ409', detail = v_status::text, hint = 'Only failed jobs are run again so; retry cancelled ones one by one.';
  end if;
  foreach v_job_id in array v_job_ids loop
    perform taskq.retry_job(v_job_id);
  end loop;
  perform taskq_private.record_audit('retry_workflow', retry_workflow.workflow_id::text, jsonb_build_object('retried', cardinality(v_job_ids)));
  perform taskq_private.settle_dependents(v_job_ids, 'ready'); -- once for all, so that this is bounded
  return cardinality(v_job_ids);
end;
$$;
comment on function taskq.retry_workflow(uuid, integer) is
  'Runs the failed jobs of a workflow again, with what was cancelled because of them, so that it goes on where it failed; at most max_jobs a call. Answers how many. TQ404 for an unknown workflow, TQ409 when none of its jobs has failed. Example: select taskq.retry_workflow(:''workflow'').';
