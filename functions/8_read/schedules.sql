create or replace view taskq.schedules as
select
  s.name, s.cron, s.every, s.time_zone, taskq_private.shown(s.job) as job, s.catch_up, s.starts_at, s.ends_at, s.paused_at, s.paused_by, s.next_run_at, s.last_run_at, s.last_job_id,
  taskq_private.shown(s.last_error) as last_error, s.created_at, s.created_by
from taskq_private.schedules as s
where taskq_private.sees_queue(coalesce(s.job ->> 'queue', 'default'));
comment on view taskq.schedules is 'What is submitted again and again, and when it is next: null while paused, and when it has ended. last_run_at is the tick that last_job_id was submitted for; last_error is what the last tick was refused with.';
