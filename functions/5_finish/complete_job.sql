-- running -> completed, inside the caller's own transaction: its effects and this record commit together or not at all.
-- Locks: the claim, until that commit; so it comes last. Raises: TQ411 when the claim was lost.
create or replace function taskq.complete_job(claim_id bigint, job_id uuid, result jsonb default null)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_ended taskq_private.ended_attempt[];
begin
  perform from taskq_private.claims as c where c.claim_id = complete_job.claim_id for update;
  v_ended := array(
    select row(
      h.job_id, h.lane_id, h.attempt, h.claim_id, h.worker_id, h.claimed_at, 'completed', complete_job.result, null, null, null
    )::taskq_private.ended_attempt
    from taskq_private.held_attempts(array[complete_job.claim_id]) as h
    where h.job_id = complete_job.job_id
  );
  if cardinality(v_ended) = 0 then
    perform taskq_private.raise_claim_lost(complete_job.claim_id, complete_job.job_id);
  end if;
  perform taskq_private.end_attempts(v_ended);
end;
$$;
comment on function taskq.complete_job(bigint, uuid, jsonb) is
  'Completes one running job in the current transaction, so that effects in the same database happen exactly once. Call it last.';
