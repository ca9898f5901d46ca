-- running -> completed | failed | cancelled | retrying | ready. What workers report, in batches.
-- Locks: the claims in claim_id order; then what end_attempts locks. A report whose claim was lost changes nothing.
create or replace function taskq_private.finish_attempts(outcomes jsonb, worker_id uuid, out rejected uuid[])
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_claim_ids bigint[] := array(select distinct (o.value ->> 'claim_id')::bigint from jsonb_array_elements(outcomes) as o);
  v_ended taskq_private.ended_attempt[];
  v_logs jsonb;
begin
  perform from taskq_private.claims as c
  where c.claim_id = any (v_claim_ids) and c.worker_id = finish_attempts.worker_id
  order by c.claim_id
  for update;

  select
    array_agg(row(
      h.job_id, h.lane_id, h.attempt, h.claim_id, h.worker_id,
      greatest(h.claimed_at, v_now - o.duration_seconds * interval '1 second'),
      coalesce(o.outcome, 'failed'), o.result, o.error, o.fatal, o.retry_after_seconds
    )::taskq_private.ended_attempt order by h.job_id) filter (where h.job_id is not null),
    array_agg(o.job_id) filter (where h.job_id is null),
    jsonb_agg(jsonb_build_object('claim_id', o.claim_id, 'job_id', o.job_id, 'lines', o.logs)) filter (where o.logs is not null)
  into v_ended, rejected, v_logs
  from (
    select distinct on (r.job_id, r.claim_id) r.*
    from jsonb_to_recordset(outcomes) as r (
      claim_id bigint, job_id uuid, outcome taskq.attempt_outcome, result jsonb, error jsonb, fatal boolean,
      retry_after_seconds double precision, duration_seconds double precision, logs jsonb
    )
  ) as o
  left join taskq_private.held_attempts(v_claim_ids) as h
    on h.claim_id = o.claim_id and h.job_id = o.job_id and h.worker_id = finish_attempts.worker_id;

  if v_logs is not null then
    perform taskq_private.store_logs((
      select jsonb_agg(line.value || jsonb_build_object('claim_id', j.value -> 'claim_id', 'job_id', j.value -> 'job_id'))
      from jsonb_array_elements(v_logs) as j
      cross join jsonb_array_elements(j.value -> 'lines') as line
    ));
  end if;
  perform taskq_private.end_attempts(v_ended);
end;
$$;
comment on function taskq_private.finish_attempts(jsonb, uuid) is 'Records how attempts went; answers the jobs whose claim was lost.';
