-- Writes what was asked, the edges, and the first place of each job. created_at is the instant in the job's id, so that a
-- range of the one is a range of the other.
create or replace function taskq_private.store_jobs(jobs taskq_private.submission[], submitted_at timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  insert into taskq_private.job_specs (
    job_id, lane_id, payload, max_attempts, timeout_seconds, initial_delay_seconds, backoff_multiplier, max_delay_seconds, jitter,
    created_at, run_at, created_by, name, idempotency_key, metadata, trace_context
  )
  select
    j.job_id, j.lane_id, j.payload, j.max_attempts, j.timeout_seconds, j.initial_delay_seconds, j.backoff_multiplier, j.max_delay_seconds, j.jitter,
    submitted_at + j.ordinal * interval '1 microsecond', j.run_at, j.created_by, j.name, j.idempotency_key, j.metadata, j.trace_context
  from unnest(jobs) as j;

  insert into taskq_private.job_dependencies (job_id, depends_on_id, satisfied)
  select j.job_id, d.id, f.status is not distinct from 'completed'
  from unnest(jobs) as j
  cross join unnest(j.depends_on) as d (id)
  left join taskq_private.finished_jobs as f on f.job_id = d.id;

  insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
  select j.lane_id, j.job_id, submitted_at, 1
  from unnest(jobs) as j
  where j.remaining_dependencies = 0 and (j.run_at is null or j.run_at <= submitted_at);
  if found then
    perform taskq_private.hint('ready');
  end if;

  insert into taskq_private.waiting_jobs (job_id, lane_id, status, due_at, remaining_dependencies)
  select j.job_id, j.lane_id, (case when j.remaining_dependencies > 0 then 'blocked' else 'pending' end)::taskq.job_status, j.run_at, j.remaining_dependencies
  from unnest(jobs) as j
  where j.doomed_by is null and (j.remaining_dependencies > 0 or j.run_at > submitted_at);
  if found then
    perform taskq_private.hint_due(submitted_at);
  end if;

  insert into taskq_private.finished_jobs (job_id, lane_id, status, attempt, outcome, finished_at, reason, error)
  select j.job_id, j.lane_id, 'cancelled', 1, 'cancelled', submitted_at, 'dependency', taskq_private.dependency_error(j.doomed_by)
  from unnest(jobs) as j
  where j.doomed_by is not null;

  perform taskq_private.record_event('job_submitted', array_agg(j.job_id), array_agg(j.lane_id)) from unnest(jobs) as j;
  perform taskq_private.record_event('job_cancelled', array_agg(j.job_id), array_agg(j.lane_id)) from unnest(jobs) as j where j.doomed_by is not null;
end;
$$;
comment on function taskq_private.store_jobs(taskq_private.submission[], timestamptz) is 'Stores good submissions, each in its first place.';
