-- failed -> gone, with its history. Raises: TQ404, TQ409 with the state.
create or replace function taskq.discard_job(job_id uuid)
returns void
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
begin
  perform taskq_private.lane_of(job_id);
  perform from taskq_private.finished_jobs as f where f.job_id = discard_job.job_id and f.status = 'failed' for update;
  if not found then
    perform taskq_private.lane_of(job_id); -- raises if it was deleted meanwhile
    raise exception 'job % is % and cannot be discarded', job_id, taskq_private.status_of(job_id)
      using errcode = 'TQ409', detail = taskq_private.status_of(job_id)::text, hint = 'Only dead letters, that is failed jobs, can be discarded.';
  end if;
  perform taskq_private.refuse_awaited(job_id);
  perform taskq_private.record_audit('discard_job', job_id::text);
  perform taskq_private.delete_jobs(array[job_id]);
end;
$$;
comment on function taskq.discard_job(uuid) is 'Deletes a failed job and all that is known of it. Refused while a job that is held waits for its replay. TQ404 for an unknown job, TQ409 for one that has not failed or that others wait for. Example: select taskq.discard_job(:''job'').';
