-- ready -> running. One round trip: record the outcomes that have gathered, then take the best set of jobs that fits.
-- Deciding is done on lanes, not on jobs: plan_claim() says how many rows to take from the head of which lane, and only
-- those rows are locked. All rows of a lane are alike, so whichever of them a rival has taken, the sum stays right.
-- Plans must not depend on statistics: the tables empty and fill within seconds. So: generic plans, by index.
-- Locks: this worker's row if it takes jobs, the claims of the outcomes, the pools concerned, then ready rows (skip locked). Raises: TQ412 for an ended worker.
create or replace function taskq.claim_next_job(
  worker_id uuid,
  max_jobs integer default 1,
  outcomes jsonb default null,
  out claim_id bigint,
  out jobs json,
  out rejected uuid[],
  out cancel_requested uuid[],
  out next_due_in_seconds double precision
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_worker taskq_private.workers;
  v_due_at timestamptz;
  v_is_more boolean := false;
  v_goes_alone boolean; -- then more may fit beside it or after it than one look finds
  v_tokens_in double precision;
begin
  if outcomes is not null or not taskq_private.is_idle(worker_id) then
    v_worker := taskq_private.lock_worker(worker_id, max_jobs > 0);
    if outcomes is not null then
      v_is_more := max_jobs = 0 and taskq_private.may_make_room(outcomes);
      rejected := taskq_private.finish_attempts(outcomes, worker_id);
    end if;
    v_is_more := taskq_private.settle_chunk() or outcomes is null and taskq_private.cancel_workflows() or v_is_more;
  end if;

  v_due_at := taskq_private.first_due_at();
  if v_due_at <= taskq_private.clock() then
    v_worker := taskq_private.lock_worker(worker_id, max_jobs > 0);
    perform taskq_private.promote_due_jobs(1000, v_due_at);
    v_due_at := taskq_private.first_due_at();
  end if;
  if v_worker.status = 'active' and max_jobs > 0 then
    v_goes_alone := exists (select from taskq_private.reservations as r where r.worker_id = claim_next_job.worker_id) or exists (select from taskq_private.suspects);
    select t.claim_id, t.jobs into claim_next_job.claim_id, claim_next_job.jobs from taskq_private.take_jobs(v_worker, least(max_jobs, 100000)) as t;
    v_is_more := v_is_more or v_goes_alone and jobs is not null;
    perform taskq_private.note_found(jobs is not null);
    if exists (select from taskq_private.resource_pools as p where p.refill_per_second is not null) then
      v_tokens_in := taskq_private.tokens_in();
    end if;
  end if;

  jobs := coalesce(jobs, '[]');
  rejected := coalesce(rejected, '{}');
  cancel_requested := array(
    select r.job_id
    from taskq_private.cancel_requests as r
    cross join lateral (select c.worker_id from taskq_private.claims as c where c.claim_id = r.claim_id offset 0) as c
    where c.worker_id = claim_next_job.worker_id
  );
  next_due_in_seconds := case when v_is_more then 0 else least(extract(epoch from v_due_at - taskq_private.clock())::double precision, v_tokens_in) end;
end;
$$;
comment on function taskq.claim_next_job(uuid, integer, jsonb) is
  'Takes the best jobs that fit this worker now, at most max_jobs, under one claim_id; jobs is a list of {"job_id", "type", "queue", "attempt", "max_attempts", "timeout_seconds", "payload", "trace_context"}. outcomes is a list of {"claim_id", "job_id", "outcome", "result", "error", "fatal", "retry_after_seconds", "duration_seconds", "logs"} to record first; rejected names those whose claim was lost. Call again within next_due_in_seconds; 0 says that there may be more at once. Example: select j.* from taskq.claim_next_job(:''worker'', 5) as c, json_to_recordset(c.jobs) as j (job_id uuid, type text, payload json).';
