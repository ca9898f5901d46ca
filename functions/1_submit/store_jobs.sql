-- Writes what was asked, and the first place of each job. Most jobs are ready at once; only for others is the rest done.
-- created_at is the instant in the job's id, so that a range of the one is a range of the other.
create or replace function taskq_private.store_jobs(jobs taskq_private.submission[], submitted_at timestamptz, workflow_id uuid)
returns void
language plpgsql
volatile
as $$
declare
  v_ready bigint;
begin
  if cardinality(jobs) = 0 then
    return;
  end if;
  insert into taskq_private.job_specs (
    job_id, lane_id, payload, max_attempts, timeout_seconds, initial_delay_seconds, backoff_multiplier, max_delay_seconds, jitter,
    created_at, run_at, created_by, name, idempotency_key, metadata, trace_context, on_dependency_failure, workflow_id, expected_seconds, concurrency_key
  )
  select
    j.job_id, j.lane_id, j.payload, j.max_attempts, j.timeout_seconds, j.initial_delay_seconds, j.backoff_multiplier, j.max_delay_seconds, j.jitter,
    submitted_at + j.ordinal * interval '1 microsecond', j.run_at, j.created_by, j.name, j.idempotency_key, j.metadata, j.trace_context,
    j.on_dependency_failure, store_jobs.workflow_id, j.expected_seconds, j.concurrency_key
  from unnest(jobs) as j;

  insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
  select j.lane_id, j.job_id, submitted_at, 1
  from unnest(jobs) as j
  where j.depends_on is null and j.concurrency_key is null and (j.run_at is null or j.run_at <= submitted_at);
  get diagnostics v_ready = row_count;

  perform taskq_private.record_event('job_submitted', array_agg(j.job_id), array_agg(j.lane_id)) from unnest(jobs) as j;
  if v_ready > 0 then
    perform taskq_private.hint('ready');
  end if;
  if v_ready < cardinality(jobs) then
    perform taskq_private.store_waiting_jobs(
      array(select j from unnest(jobs) as j where j.depends_on is not null or j.concurrency_key is not null or j.run_at > submitted_at), submitted_at
    );
  end if;
end;
$$;
comment on function taskq_private.store_jobs(taskq_private.submission[], timestamptz, uuid) is 'Stores good submissions, each in its first place.';
