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
comment on view taskq.jobs is
  'Every job: what was asked and where it is. Look up by job_id; for lists use taskq.list_jobs(), which pages by index.';
