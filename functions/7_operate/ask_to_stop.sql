create or replace function taskq_private.ask_to_stop(job_ids uuid[], reason text)
returns uuid[]
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_claim_ids bigint[];
  v_asked uuid[];
begin
  v_claim_ids := array(
    select c.claim_id from taskq_private.claims as c where c.job_ids && ask_to_stop.job_ids order by c.claim_id for update
  );
  if cardinality(v_claim_ids) = 0 then
    return '{}';
  end if;
  v_asked := array(select h.job_id from taskq_private.held_attempts(v_claim_ids) as h where h.job_id = any (ask_to_stop.job_ids));

  insert into taskq_private.cancel_requests (job_id, claim_id, requested_at, requested_by, reason)
  select h.job_id, h.claim_id, taskq_private.clock(), taskq_private.actor(), ask_to_stop.reason
  from taskq_private.held_attempts(v_claim_ids) as h
  where h.job_id = any (v_asked)
  on conflict do nothing;
  perform pg_notify('taskq_cancel', w.worker_id::text)
  from (select distinct c.worker_id from taskq_private.claims as c where c.claim_id = any (v_claim_ids)) as w;
  return v_asked;
end;
$$;
comment on function taskq_private.ask_to_stop(uuid[], text) is 'Asks those of these jobs that run to stop; answers which do.';
