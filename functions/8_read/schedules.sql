create or replace view taskq.schedules as
select
  s.name, s.cron, s.every, s.time_zone, taskq_private.shown(s.job) as job, s.catch_up, s.starts_at, s.ends_at, s.paused_at, s.paused_by, s.next_run_at, s.last_run_at, s.last_job_id,
  taskq_private.shown(s.last_error) as last_error, s.created_at, s.created_by
from taskq_private.schedules as s
where taskq_private.sees_queue(coalesce(s.job ->> 'queue', 'default'));
comment on column taskq.schedules.name is 'Its name.';
comment on column taskq.schedules.cron is 'When, as five fields; null where every says it.';
comment on column taskq.schedules.every is 'How often, in time that passes; null where cron says it.';
comment on column taskq.schedules.time_zone is 'Whose clocks cron is about.';
comment on column taskq.schedules.job is 'What each tick submits, as submit_jobs() takes a job.';
comment on column taskq.schedules.catch_up is 'What becomes of ticks that nobody was there for: none, last or all.';
comment on column taskq.schedules.starts_at is 'No tick comes before this.';
comment on column taskq.schedules.ends_at is 'No tick comes after this.';
comment on column taskq.schedules.paused_at is 'Since when it is paused; null if it is not.';
comment on column taskq.schedules.paused_by is 'Who paused it.';
comment on column taskq.schedules.next_run_at is 'The next tick; null while it is paused, and when it has ended.';
comment on column taskq.schedules.last_run_at is 'The last tick.';
comment on column taskq.schedules.last_job_id is 'The last job that a tick submitted.';
comment on column taskq.schedules.last_error is 'What the last tick was refused with; null where it made a job.';
comment on column taskq.schedules.created_at is 'When it was made.';
comment on column taskq.schedules.created_by is 'Who made it.';
comment on view taskq.schedules is 'What is submitted again and again, and when it is next: null while paused, and when it has ended. last_run_at is the tick that last_job_id was submitted for; last_error is what the last tick was refused with.';
