-- For psql and look-ups by id. It cannot be paged fast: lists go through list_jobs(). The id is that of the place, so that
-- asking for some ids is asked of each place.
create or replace view taskq.jobs as
select
  p.job_id,
  s.name,
  l.type,
  l.queue,
  p.status,
  p.reason,
  l.priority,
  taskq_private.shown(s.payload) as payload,
  taskq_private.shown(p.result) as result,
  taskq_private.shown(p.error) as error,
  p.attempt,
  s.max_attempts,
  s.created_at,
  s.run_at,
  p.due_at,
  nullif(p.ready_at, 'infinity') as ready_at, -- a suspect has no place in line
  p.started_at,
  p.finished_at,
  s.created_by,
  p.worker_id,
  l.cpu_units,
  l.memory_mb,
  s.timeout_seconds,
  s.initial_delay_seconds,
  s.backoff_multiplier,
  s.max_delay_seconds,
  s.jitter,
  p.remaining_dependencies,
  s.workflow_id,
  s.idempotency_key,
  taskq_private.shown(s.metadata) as metadata,
  s.trace_context,
  s.on_dependency_failure,
  l.resources,
  s.expected_seconds,
  s.concurrency_key
from taskq_private.places as p
join taskq_private.job_specs as s on s.job_id = p.job_id
join taskq_private.lanes as l on l.lane_id = p.lane_id
where taskq_private.sees_queue(l.queue);
comment on column taskq.jobs.job_id is 'The job; ids sort by the instant of the submit.';
comment on column taskq.jobs.name is 'A name for people, and for siblings in a workflow.';
comment on column taskq.jobs.type is 'Which task runs it.';
comment on column taskq.jobs.queue is 'Its queue.';
comment on column taskq.jobs.status is 'Where it is.';
comment on column taskq.jobs.reason is 'Why it failed or was cancelled: attempts_exhausted, fatal, crashed, requested, dependency.';
comment on column taskq.jobs.priority is '1 (first) to 10: critical 1, high 2, normal 3, low 4.';
comment on column taskq.jobs.payload is 'What the task is given.';
comment on column taskq.jobs.result is 'What the task answered.';
comment on column taskq.jobs.error is 'Why the last attempt failed: {"message", …}.';
comment on column taskq.jobs.attempt is 'The attempt that runs, or the last one.';
comment on column taskq.jobs.max_attempts is 'How many it may have.';
comment on column taskq.jobs.created_at is 'When it was submitted.';
comment on column taskq.jobs.run_at is 'Not to be started before.';
comment on column taskq.jobs.due_at is 'When a pending or retrying job becomes ready.';
comment on column taskq.jobs.ready_at is 'Since when it is ready; null for one that two workers died with, which has no place in line.';
comment on column taskq.jobs.started_at is 'When the attempt that runs, or the last one, started.';
comment on column taskq.jobs.finished_at is 'When it ended.';
comment on column taskq.jobs.created_by is 'Who submitted it.';
comment on column taskq.jobs.worker_id is 'The worker that runs it, or ran it last.';
comment on column taskq.jobs.cpu_units is 'Cpu that it takes from its worker while it runs.';
comment on column taskq.jobs.memory_mb is 'Memory that it takes from its worker while it runs, in MB.';
comment on column taskq.jobs.timeout_seconds is 'How long one attempt may take.';
comment on column taskq.jobs.initial_delay_seconds is 'Wait before the second attempt.';
comment on column taskq.jobs.backoff_multiplier is 'Each further wait is this many times the one before.';
comment on column taskq.jobs.max_delay_seconds is 'No wait is longer than this.';
comment on column taskq.jobs.jitter is 'Share of the wait added at random.';
comment on column taskq.jobs.remaining_dependencies is 'How many jobs it still waits for.';
comment on column taskq.jobs.workflow_id is 'The workflow it belongs to.';
comment on column taskq.jobs.idempotency_key is 'The key under which a second submit finds this job.';
comment on column taskq.jobs.metadata is 'Free labels to find it by.';
comment on column taskq.jobs.trace_context is 'W3C traceparent of the submitter.';
comment on column taskq.jobs.on_dependency_failure is 'What becomes of it when a dependency can never be satisfied: cancel or hold.';
comment on column taskq.jobs.resources is 'What else it takes, of its worker or of pools, such as {"gpu": 1}.';
comment on column taskq.jobs.expected_seconds is 'How long the submitter expects it to run.';
comment on column taskq.jobs.concurrency_key is 'Jobs with one key share a limit.';
comment on view taskq.jobs is
  'Every job: what was asked and where it is. Look up by job_id; for lists use taskq.list_jobs(), which pages by index.';
