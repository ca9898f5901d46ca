-- running -> retrying | failed. One job, for workers in plain SQL; batches go through claim_next_job.
-- Locks: the claim. Raises: TQ411 when the claim was lost.
create or replace function taskq.fail_job(claim_id bigint, job_id uuid, error text, fatal boolean default false)
returns taskq.job_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_ended taskq_private.ended_attempt[];
begin
  perform from taskq_private.claims as c where c.claim_id = fail_job.claim_id for update;
  v_ended := array(
    select row(
      h.job_id, h.lane_id, h.attempt, h.claim_id, h.worker_id, h.claimed_at, 'failed', null,
      jsonb_build_object('message', fail_job.error), fail_job.fatal, null
    )::taskq_private.ended_attempt
    from taskq_private.held_attempts(array[fail_job.claim_id]) as h
    where h.job_id = fail_job.job_id
  );
  if cardinality(v_ended) = 0 then
    perform taskq_private.raise_claim_lost(fail_job.claim_id, fail_job.job_id);
  end if;
  perform taskq_private.end_attempts(v_ended);
  return taskq_private.status_of(fail_job.job_id);
end;
$$;
comment on function taskq.fail_job(bigint, uuid, text, boolean) is
  'Fails one running job: it is retried after its backoff, unless fatal or out of attempts. Answers its new status.';
