-- pending | blocked | ready | retrying -> cancelled; a running job is asked to stop, and its worker ends it.
-- Locks: the job's row in its place, or the claim it runs under; then its dependents. Raises: TQ404, TQ409 with the state.
create or replace function taskq.cancel_job(job_id uuid, reason text default null)
returns taskq.job_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_lane_id integer := taskq_private.lane_of(cancel_job.job_id);
  v_claim taskq_private.claims;
  v_status taskq.job_status;
begin
  perform taskq_private.record_audit('cancel_job', cancel_job.job_id::text, jsonb_build_object('reason', reason));
  loop
    if taskq_private.cancel_unstarted(cancel_job.job_id, v_lane_id, reason) then
      return 'cancelled';
    end if;

    select * into v_claim from taskq_private.claims as c where c.job_ids @> array[cancel_job.job_id] for update;
    if found and v_claim.job_ids @> array[cancel_job.job_id] then
      insert into taskq_private.cancel_requests (job_id, claim_id, requested_at, requested_by, reason)
      values (cancel_job.job_id, v_claim.claim_id, taskq_private.clock(), taskq_private.actor(), reason)
      on conflict do nothing;
      perform pg_notify('taskq_cancel', v_claim.worker_id::text);
      return 'running';
    end if;

    select f.status into v_status from taskq_private.finished_jobs as f where f.job_id = cancel_job.job_id;
    if found then
      raise exception 'job % is % and cannot be cancelled', cancel_job.job_id, v_status
        using errcode = 'TQ409', detail = v_status::text, hint = 'Only jobs that have not ended can be cancelled.';
    end if;
    perform taskq_private.lane_of(cancel_job.job_id); -- raises if it was deleted; else it moved between two looks: look again
  end loop;
end;
$$;
comment on function taskq.cancel_job(uuid, text) is
  'Cancels a job that waits, and what depends on it; asks a running one to stop. Answers cancelled, or running when it was asked.';
