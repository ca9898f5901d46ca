create or replace view taskq.job_executions as
select e.job_id, e.attempt, e.claim_id, e.worker_id, e.outcome, e.started_at, e.ended_at, taskq_private.shown(e.error) as error
from (
  select a.job_id, a.attempt, a.claim_id, a.worker_id, a.outcome, a.started_at, a.ended_at, a.error
  from taskq_private.job_attempts as a
  union all
  select f.job_id, f.attempt, f.claim_id, f.worker_id, f.outcome, f.started_at, f.finished_at, f.error
  from taskq_private.finished_jobs as f
  where f.claim_id is not null
  union all
  select u.job_id, u.attempt, c.claim_id, c.worker_id, null, c.claimed_at, null, null
  from taskq_private.claims as c
  cross join unnest(c.job_ids, c.attempts) as u (job_id, attempt)
) as e
where taskq_private.sees_queue(null) or exists (
  select from taskq_private.job_specs as s join taskq_private.lanes as n on n.lane_id = s.lane_id
  where s.job_id = e.job_id and taskq_private.sees_queue(n.queue)
);
comment on column taskq.job_executions.job_id is 'The job.';
comment on column taskq.job_executions.attempt is 'Which attempt; a released or lost one is not charged, and its number comes again.';
comment on column taskq.job_executions.claim_id is 'The claim under which it ran; order of the executions.';
comment on column taskq.job_executions.worker_id is 'The worker.';
comment on column taskq.job_executions.outcome is 'How it ended; null while it runs.';
comment on column taskq.job_executions.started_at is 'When the worker took it.';
comment on column taskq.job_executions.ended_at is 'When it ended; null while it runs.';
comment on column taskq.job_executions.error is 'Its error.';
comment on view taskq.job_executions is 'Every attempt: those before the last, the last, and those running (no outcome yet). Ask by job_id.';
