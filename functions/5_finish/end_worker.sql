-- Ends a worker and what it holds. Locks: its row, then its claims in claim_id order.
create or replace function taskq_private.end_worker(worker_id uuid, status taskq.worker_status, outcome taskq.attempt_outcome)
returns integer
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_ended taskq_private.ended_attempt[];
begin
  update taskq_private.workers as w
  set status = end_worker.status, ended_at = taskq_private.clock()
  where w.worker_id = end_worker.worker_id and w.status in ('active', 'draining');
  if not found then
    return 0;
  end if;

  perform from taskq_private.claims as c where c.worker_id = end_worker.worker_id order by c.claim_id for update;
  v_ended := array(
    select row(
      h.job_id, h.lane_id, h.attempt, h.claim_id, h.worker_id, h.claimed_at, end_worker.outcome, null,
      case when end_worker.outcome = 'lost' then jsonb_build_object('message', 'the worker that ran it died') end, null, null
    )::taskq_private.ended_attempt
    from taskq_private.held_attempts(array(select c.claim_id from taskq_private.claims as c where c.worker_id = end_worker.worker_id)) as h
    order by h.job_id
  );
  perform taskq_private.end_attempts(v_ended);
  return cardinality(v_ended);
end;
$$;
comment on function taskq_private.end_worker(uuid, taskq.worker_status, taskq.attempt_outcome) is
  'Ends a worker; every job that it holds ends with this outcome. Answers how many.';
