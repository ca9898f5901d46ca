-- Every way into ready but the two where no key can be in play: a fresh job without one, and a job that keeps its key. Jobs whose
-- key is at its limit are parked in waiting_jobs: the claim never sees them.
-- Locks: the keys, in their order; then parked jobs.
create or replace function taskq_private.make_ready(job_ids uuid[], lane_ids integer[], attempts smallint[], ready_ats timestamptz[])
returns void
language plpgsql
volatile
as $$
declare
  v_keys text[];
begin
  if not exists (select from taskq_private.concurrency_keys) then
    insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
    select j.lane_id, j.job_id, j.ready_at, j.attempt
    from unnest(job_ids, lane_ids, attempts, ready_ats) as j (job_id, lane_id, attempt, ready_at);
    return;
  end if;

  with job as materialized (
    select j.*, s.concurrency_key, l.priority
    from unnest(job_ids, lane_ids, attempts, ready_ats) as j (job_id, lane_id, attempt, ready_at)
    cross join lateral (select s.concurrency_key from taskq_private.job_specs as s where s.job_id = j.job_id offset 0) as s -- never by a hash of all
    join taskq_private.lanes as l on l.lane_id = j.lane_id
  ), plain as (
    insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
    select j.lane_id, j.job_id, j.ready_at, j.attempt from job as j where j.concurrency_key is null
  ), parked as (
    insert into taskq_private.waiting_jobs (job_id, lane_id, status, attempt)
    select j.job_id, j.lane_id, 'blocked', j.attempt from job as j where j.concurrency_key is not null
  ), keyed as (
    insert into taskq_private.keyed_jobs (job_id, concurrency_key, is_admitted, lane_id, priority, ready_at, attempt)
    select j.job_id, j.concurrency_key, false, j.lane_id, j.priority, j.ready_at, j.attempt from job as j where j.concurrency_key is not null
    returning concurrency_key
  )
  select array_agg(distinct k.concurrency_key) into v_keys from keyed as k;
  if v_keys is not null then
    perform taskq_private.admit_parked(v_keys);
  end if;
end;
$$;
comment on function taskq_private.make_ready(uuid[], integer[], smallint[], timestamptz[]) is 'Makes jobs ready, or parks them where their key is at its limit.';
