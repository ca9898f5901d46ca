-- pending | blocked | ready | retrying -> cancelled; a running job is asked to stop, and its worker ends it.
-- Calls: cancel_jobs. Raises: TQ404, TQ409 with the state.
create or replace function taskq.cancel_job(job_id uuid, reason text default null)
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
declare
  v_done record;
begin
  perform taskq_private.lane_of(job_id);
  perform taskq_private.record_audit('cancel_job', job_id::text, jsonb_build_object('reason', reason));
  v_done := taskq_private.cancel_jobs(array[job_id], reason);
  if cardinality(v_done.cancelled) > 0 then
    return 'cancelled';
  elsif cardinality(v_done.asked) > 0 then
    return 'running';
  end if;
  perform taskq_private.lane_of(job_id); -- raises if it was deleted meanwhile
  raise exception 'job % is % and cannot be cancelled', job_id, taskq_private.status_of(job_id)
    using errcode = 'TQ409', detail = taskq_private.status_of(job_id)::text, hint = 'Only jobs that have not ended can be cancelled.';
end;
$$;
comment on function taskq.cancel_job(uuid, text) is
  'Cancels a job that waits, and what depends on it; asks a running one to stop. Answers cancelled, or running when it was asked. TQ404 for an unknown job, TQ409 for one that has ended. Example: select taskq.cancel_job(:''job'', ''not needed any more'').';
