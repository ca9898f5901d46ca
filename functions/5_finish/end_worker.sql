-- Ends a worker and what it holds. Locks: its row, then its claims in claim_id order.
create or replace function taskq_private.end_worker(worker_id uuid, status taskq.worker_status, outcome taskq.attempt_outcome)
returns integer
language plpgsql
volatile
as $$
#variable_conflict use_column
begin
  update taskq_private.workers as w
  set status = end_worker.status, ended_at = taskq_private.clock()
  where w.worker_id = end_worker.worker_id and w.status in ('active', 'draining');
  if not found then
    return 0;
  end if;

  delete from taskq_private.reservations as r where r.worker_id = end_worker.worker_id;
  return taskq_private.end_claims(
    array(select c.claim_id from taskq_private.claims as c where c.worker_id = end_worker.worker_id),
    end_worker.outcome,
    case when end_worker.outcome = 'lost' then jsonb_build_object('message', 'the worker that ran it died') end
  );
end;
$$;
comment on function taskq_private.end_worker(uuid, taskq.worker_status, taskq.attempt_outcome) is
  'Ends a worker; every job that it holds ends with this outcome. Answers how many.';
