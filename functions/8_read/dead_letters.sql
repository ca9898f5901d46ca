create or replace view taskq.dead_letters as
select f.job_id, s.name, l.type, l.queue, f.reason, f.error, f.attempt, f.finished_at as failed_at, s.payload, s.created_at, s.metadata
from taskq_private.finished_jobs as f
join taskq_private.job_specs as s on s.job_id = f.job_id
join taskq_private.lanes as l on l.lane_id = f.lane_id
where f.status = 'failed';
comment on view taskq.dead_letters is 'Jobs that failed for good. retry_job() runs one again, discard_job() deletes it.';
