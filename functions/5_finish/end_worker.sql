-- Ends a worker and what it holds. Locks: its row, then its claims in claim_id order.
create or replace function taskq_private.end_worker(worker_id uuid, status taskq.worker_status, outcome taskq.attempt_outcome)
returns integer
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_claim_ids bigint[];
  v_job_ids uuid[];
  v_ended integer;
begin
  update taskq_private.workers as w
  set status = end_worker.status, ended_at = taskq_private.clock()
  where w.worker_id = end_worker.worker_id and w.status in ('active', 'draining');
  if not found then
    return 0;
  end if;

  delete from taskq_private.reservations as r where r.worker_id = end_worker.worker_id;
  v_claim_ids := array(select c.claim_id from taskq_private.claims as c where c.worker_id = end_worker.worker_id);
  if end_worker.outcome <> 'lost' then
    return taskq_private.end_claims(v_claim_ids, end_worker.outcome);
  end if;

  v_job_ids := array(select h.job_id from taskq_private.held_attempts(v_claim_ids) as h);
  v_ended := taskq_private.end_claims(
    v_claim_ids, 'lost', jsonb_build_object('message', 'the worker that ran it died', 'jobs_beside', cardinality(v_job_ids) - 1)
  );
  perform taskq_private.suspect_jobs(v_job_ids);
  return v_ended;
end;
$$;
comment on function taskq_private.end_worker(uuid, taskq.worker_status, taskq.attempt_outcome) is
  'Ends a worker; every job that it holds ends with this outcome. Answers how many.';
