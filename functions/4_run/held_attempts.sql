-- The fence: of these (claim, job) pairs, those that still hold. The caller has locked the claims.
create or replace function taskq_private.held_attempts(claim_ids bigint[])
returns table (claim_id bigint, worker_id uuid, claimed_at timestamptz, job_id uuid, lane_id integer, attempt smallint)
language sql
stable
as $$
  select c.claim_id, c.worker_id, c.claimed_at, u.job_id, u.lane_id, u.attempt
  from taskq_private.claims as c
  cross join unnest(c.job_ids, c.lane_ids, c.attempts) as u (job_id, lane_id, attempt)
  where c.claim_id = any (claim_ids);
$$;
comment on function taskq_private.held_attempts(bigint[]) is 'What runs under these claims.';
