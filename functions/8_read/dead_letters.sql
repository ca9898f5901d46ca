create or replace view taskq.dead_letters as
select f.job_id, s.name, l.type, l.queue, f.reason, taskq_private.shown(f.error) as error, f.attempt, f.finished_at as failed_at,
  taskq_private.shown(s.payload) as payload, s.created_at, taskq_private.shown(s.metadata) as metadata
from taskq_private.finished_jobs as f
join taskq_private.job_specs as s on s.job_id = f.job_id
join taskq_private.lanes as l on l.lane_id = f.lane_id
where f.status = 'failed' and taskq_private.sees_queue(l.queue);
comment on view taskq.dead_letters is 'Jobs that failed for good. retry_job() runs one again, discard_job() deletes it.';
