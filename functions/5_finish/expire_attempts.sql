-- running -> retrying | failed | cancelled, where a worker failed to end an attempt that outran its timeout, or that was
-- asked to stop, and the grace after it.
-- Locks: the claims concerned, in claim_id order.
create or replace function taskq_private.expire_attempts()
returns integer
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_claim_ids bigint[];
  v_ended taskq_private.ended_attempt[];
begin
  v_claim_ids := array(
    select c.claim_id
    from taskq_private.claims as c
    where c.expires_at <= v_now
      or c.claim_id in (select r.claim_id from taskq_private.cancel_requests as r where r.requested_at <= v_now - taskq_private.timeout_grace())
    order by c.claim_id
    limit 1000
    for update skip locked
  );
  if cardinality(v_claim_ids) = 0 then
    return 0;
  end if;

  v_ended := array(
    select row(
      h.job_id, h.lane_id, h.attempt, h.claim_id, h.worker_id, h.claimed_at,
      case when r.job_id is null then 'timed_out' else 'cancelled' end, null,
      jsonb_build_object('message', 'the worker did not end it in time; the database did'), null, null
    )::taskq_private.ended_attempt
    from taskq_private.held_attempts(v_claim_ids) as h
    join taskq_private.job_specs as s on s.job_id = h.job_id
    left join taskq_private.cancel_requests as r on r.job_id = h.job_id and r.requested_at <= v_now - taskq_private.timeout_grace()
    where r.job_id is not null or h.claimed_at + s.timeout_seconds * interval '1 second' + taskq_private.timeout_grace() <= v_now
    order by h.job_id
  );
  perform taskq_private.end_attempts(v_ended);

  update taskq_private.claims as c
  set expires_at = next.expires_at
  from (
    select h.claim_id, min(h.claimed_at + s.timeout_seconds * interval '1 second') + taskq_private.timeout_grace() as expires_at
    from taskq_private.held_attempts(v_claim_ids) as h
    join taskq_private.job_specs as s on s.job_id = h.job_id
    group by h.claim_id
  ) as next
  where c.claim_id = next.claim_id;
  return cardinality(v_ended);
end;
$$;
comment on function taskq_private.expire_attempts() is 'Ends attempts that outran their timeout or their cancel; answers how many.';
