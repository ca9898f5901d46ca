create or replace view taskq.job_logs as
select l.job_id, l.log_id, l.attempt, l.at, l.level, l.message, l.data
from taskq_private.job_logs as l;
comment on view taskq.job_logs is 'What handlers wrote with job.log. Ask by job_id, order by log_id.';
