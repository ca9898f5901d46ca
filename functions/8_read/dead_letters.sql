create or replace view taskq.dead_letters as
select f.job_id, s.name, l.type, l.queue, f.reason, taskq_private.shown(f.error) as error, f.attempt, f.finished_at as failed_at,
  taskq_private.shown(s.payload) as payload, s.created_at, taskq_private.shown(s.metadata) as metadata
from taskq_private.finished_jobs as f
join taskq_private.job_specs as s on s.job_id = f.job_id
join taskq_private.lanes as l on l.lane_id = f.lane_id
where f.status = 'failed' and taskq_private.sees_queue(l.queue);
comment on column taskq.dead_letters.job_id is 'The job.';
comment on column taskq.dead_letters.name is 'The name that its submitter gave it.';
comment on column taskq.dead_letters.type is 'Its type.';
comment on column taskq.dead_letters.queue is 'Its queue.';
comment on column taskq.dead_letters.reason is 'Why it was given up: attempts_exhausted, fatal, or crashed (it took workers down).';
comment on column taskq.dead_letters.error is 'Why the last attempt failed: {"message", …}.';
comment on column taskq.dead_letters.attempt is 'The last attempt.';
comment on column taskq.dead_letters.failed_at is 'When.';
comment on column taskq.dead_letters.payload is 'What the task was given.';
comment on column taskq.dead_letters.created_at is 'When it was submitted.';
comment on column taskq.dead_letters.metadata is 'Its labels.';
comment on view taskq.dead_letters is 'Jobs that failed for good. retry_job() runs one again, discard_job() deletes it.';
