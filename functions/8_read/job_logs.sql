create or replace view taskq.job_logs as
select l.job_id, l.log_id, l.attempt, l.at, l.level, taskq_private.shown_text(l.message) as message, taskq_private.shown(l.data) as data
from taskq_private.job_logs as l
where taskq_private.sees_queue(null) or exists (
  select from taskq_private.job_specs as s join taskq_private.lanes as n on n.lane_id = s.lane_id
  where s.job_id = l.job_id and taskq_private.sees_queue(n.queue)
);
comment on column taskq.job_logs.job_id is 'The job.';
comment on column taskq.job_logs.log_id is 'Order of the lines.';
comment on column taskq.job_logs.attempt is 'The attempt that wrote it.';
comment on column taskq.job_logs.at is 'When, by the database''s clock.';
comment on column taskq.job_logs.level is 'debug, info, warn or error.';
comment on column taskq.job_logs.message is 'The line.';
comment on column taskq.job_logs.data is 'Any JSON beside it.';
comment on view taskq.job_logs is 'What handlers wrote with job.log. Ask by job_id, order by log_id.';
