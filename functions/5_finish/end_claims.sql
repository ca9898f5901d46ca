-- Everything that runs under these claims. Locks: the claims, by claim_id.
create or replace function taskq_private.end_claims(claim_ids bigint[], outcome taskq.attempt_outcome, error jsonb default null)
returns integer
language plpgsql
volatile
as $$
declare
  v_ended taskq_private.ended_attempt[];
begin
  perform from taskq_private.claims as c where c.claim_id = any (claim_ids) order by c.claim_id for update;
  v_ended := array(
    select row(
      h.job_id, h.lane_id, h.attempt, h.claim_id, h.worker_id, h.claimed_at, end_claims.outcome, null, end_claims.error, null, null
    )::taskq_private.ended_attempt
    from taskq_private.held_attempts(claim_ids) as h
    order by h.job_id
  );
  perform taskq_private.end_attempts(v_ended);
  return cardinality(v_ended);
end;
$$;
comment on function taskq_private.end_claims(bigint[], taskq.attempt_outcome, jsonb) is
  'Ends every job of these claims with one outcome; answers how many.';
