-- failed | cancelled -> ready | pending | blocked; with its dependents: cancelled, reason dependency -> blocked.
-- Locks: its dependencies' places (lock_parents), then its finished row; then its dependents. Raises: TQ404, TQ409 with the state.
create or replace function taskq.retry_job(job_id uuid, with_dependents boolean default false)
returns taskq.job_status
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
begin
  perform taskq_private.lane_of(retry_job.job_id);
  perform taskq_private.lock_parents(array(
    select d.depends_on_id from taskq_private.job_dependencies as d where d.job_id = retry_job.job_id and not d.satisfied
  ));
  perform from taskq_private.finished_jobs as f where f.job_id = retry_job.job_id and f.status in ('failed', 'cancelled') for update;
  if not found then
    perform taskq_private.lane_of(retry_job.job_id); -- raises if it was deleted meanwhile
    raise exception 'job % is % and cannot be retried', retry_job.job_id, taskq_private.status_of(retry_job.job_id)
      using errcode = 'TQ409', detail = taskq_private.status_of(retry_job.job_id)::text,
        hint = 'Only failed and cancelled jobs can be retried.';
  end if;
  perform taskq_private.refuse_hopeless(retry_job.job_id);
  perform taskq_private.record_audit('retry_job', retry_job.job_id::text, jsonb_build_object('with_dependents', with_dependents));

  perform taskq_private.replay_jobs(array[retry_job.job_id]);
  if with_dependents then
    perform taskq_private.settle_dependents(array[retry_job.job_id], 'ready');
  end if;
  return taskq_private.status_of(retry_job.job_id);
end;
$$;
comment on function taskq.retry_job(uuid, boolean) is
  'Runs a failed or cancelled job again from its first attempt; with_dependents brings back the jobs that were cancelled because of it, too. Answers its new status: ready, pending before its run_at, or blocked if a dependency has not ended yet. TQ404 for an unknown job, TQ409 for one in another state. Example: select taskq.retry_job(job_id) from taskq.dead_letters where error ->> ''message'' like ''%timeout%''.';
