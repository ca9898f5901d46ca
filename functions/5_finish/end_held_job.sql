-- One running job, by whoever holds its claim. Locks: the claim. Raises: TQ411 when the claim was lost.
create or replace function taskq_private.end_held_job(
  claim_id bigint, job_id uuid, outcome taskq.attempt_outcome, result jsonb default null, error jsonb default null, fatal boolean default null
)
returns void
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_ended taskq_private.ended_attempt[];
begin
  perform from taskq_private.claims as c where c.claim_id = end_held_job.claim_id for update;
  v_ended := array(
    select row(
      h.job_id, h.lane_id, h.attempt, h.claim_id, h.worker_id, h.claimed_at, end_held_job.outcome, end_held_job.result, end_held_job.error,
      end_held_job.fatal, null
    )::taskq_private.ended_attempt
    from taskq_private.held_attempts(array[end_held_job.claim_id]) as h
    where h.job_id = end_held_job.job_id
  );
  if cardinality(v_ended) = 0 then
    perform taskq_private.raise_claim_lost(end_held_job.claim_id, end_held_job.job_id);
  end if;
  perform taskq_private.end_attempts(v_ended);
end;
$$;
comment on function taskq_private.end_held_job(bigint, uuid, taskq.attempt_outcome, jsonb, jsonb, boolean) is
  'Ends one running job under the claim that holds it.';
