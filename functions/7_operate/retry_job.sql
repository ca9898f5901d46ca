-- failed | cancelled -> ready | blocked. A new life: the attempt number starts again, the claim_id never does.
-- Locks: its dependencies' places (lock_parents), then its finished row. Raises: TQ404, TQ409 with the state.
create or replace function taskq.retry_job(job_id uuid)
returns taskq.job_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_lane_id integer := taskq_private.lane_of(retry_job.job_id);
  v_finished taskq_private.finished_jobs;
  v_remaining integer;
begin
  perform taskq_private.lock_parents(array(
    select d.depends_on_id from taskq_private.job_dependencies as d where d.job_id = retry_job.job_id and not d.satisfied
  ));
  delete from taskq_private.finished_jobs as f
  where f.job_id = retry_job.job_id and f.status in ('failed', 'cancelled')
  returning * into v_finished;
  if not found then
    raise exception 'job % is % and cannot be retried', retry_job.job_id, taskq_private.status_of(retry_job.job_id)
      using errcode = 'TQ409', detail = taskq_private.status_of(retry_job.job_id)::text,
        hint = 'Only failed and cancelled jobs can be retried.';
  end if;
  perform taskq_private.record_audit('retry_job', retry_job.job_id::text);
  v_remaining := taskq_private.remaining_dependencies(retry_job.job_id);

  if v_finished.claim_id is not null then
    insert into taskq_private.job_attempts (job_id, claim_id, attempt, worker_id, started_at, ended_at, outcome, ended_a_life, error)
    values (
      retry_job.job_id, v_finished.claim_id, v_finished.attempt, v_finished.worker_id, v_finished.started_at, v_finished.finished_at,
      v_finished.outcome, true, v_finished.error
    );
  end if;
  if v_remaining > 0 then
    insert into taskq_private.waiting_jobs (job_id, lane_id, status, remaining_dependencies)
    values (retry_job.job_id, v_lane_id, 'blocked', v_remaining);
  else
    insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
    values (v_lane_id, retry_job.job_id, taskq_private.clock(), 1);
    perform taskq_private.hint('ready');
  end if;
  perform taskq_private.record_event('job_replayed', array[retry_job.job_id], array[v_lane_id]);
  return case when v_remaining > 0 then 'blocked' else 'ready' end;
end;
$$;
comment on function taskq.retry_job(uuid) is
  'Runs a failed or cancelled job again from its first attempt. Answers its new status: ready, or blocked if a dependency has not completed yet.';
