-- nothing -> pending | blocked | ready. A graph of jobs, all of them or none, as a workflow if it is given as one.
-- Calls: start_workflow, submit_requests. Locks: the workflow's idempotency key, those of jobs in order, then the places of
-- dependencies. Raises: the first error, its field prefixed with jobs[n] or workflow; TQ425 with the members of a cycle.
create or replace function taskq.submit_jobs(jobs jsonb)
returns table (
  "position" integer, name text, job_id uuid, status taskq.job_status, created boolean, warnings text[], workflow_id uuid
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
  v_requests jsonb := taskq_private.check_graph(jobs);
  v_workflow_id uuid;
  v_is_repeated boolean;
  v_jobs taskq_private.submission[];
  v_some_end boolean;
begin
  if jobs -> 'workflow' <> 'null' then
    select w.workflow_id, w.is_repeated into v_workflow_id, v_is_repeated
    from taskq_private.start_workflow(jobs -> 'workflow', v_requests, v_now) as w;
    if v_is_repeated then
      return query select * from taskq_private.repeated_workflow(v_workflow_id, v_requests);
      return;
    end if;
  end if;
  v_jobs := taskq_private.submit_requests(v_requests, v_now, true, v_workflow_id);
  if v_workflow_id is not null then
    v_workflow_id := taskq_private.adjust_workflow(v_workflow_id, v_jobs);
  end if;

  -- a job that can never run takes others of its graph with it
  v_some_end := (select bool_or(j.doomed_by is not null) from unnest(v_jobs) as j);
  return query
    select
      j.ordinal - 1,
      j.name,
      j.job_id,
      case when v_some_end then taskq_private.status_of(j.job_id) else taskq_private.submission_status(j, v_now) end,
      j.repeated is not true,
      case when j.cpu_units > 0 or j.memory_mb > 0 or j.resources <> '{}' -- else it fits everywhere, and no lane is looked at
        then array(select jsonb_array_elements_text((select taskq_private.lane_warnings(v_jobs)) -> j.lane_id::text)) else '{}' end,
      v_workflow_id
    from unnest(v_jobs) as j;
end;
$$;
comment on function taskq.submit_jobs(jsonb) is
  'Submits a list of jobs, or {"workflow": {"name", "metadata", "idempotency_key"}, "jobs": [...]}, in one transaction, all or none. Each job has the fields of POST /jobs; its depends_on may name other jobs of the call, as "a" or {"job": "a", "condition": "failure"}. Positions count from 0. Example: select * from taskq.submit_jobs(''[{"name": "a", "type": "echo"}, {"name": "b", "type": "echo", "depends_on": ["a"]}]'').';
