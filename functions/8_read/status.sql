create or replace view taskq.status as
select
  s.at, s.ready_count, s.running_count, s.pending_count, s.blocked_count, s.retrying_count, s.failed_count, s.finished_count, s.is_estimate,
  s.ended_per_second, s.failed_per_second, s.oldest_ready_seconds, s.next_due_at, s.active_workers, s.draining_workers, s.lost_workers, s.slots,
  s.cpu_units, s.granted_cpu_units, s.memory_mb, s.granted_memory_mb, s.paused_queues, s.ticked_at, s.database_bytes, s.is_read_only
from taskq.read_status() as s;
comment on column taskq.status.at is 'As of when, by the database''s clock.';
comment on column taskq.status.ready_count is 'Jobs that a worker may take now.';
comment on column taskq.status.running_count is 'Jobs that workers have.';
comment on column taskq.status.pending_count is 'Jobs whose run_at is in the future.';
comment on column taskq.status.blocked_count is 'Jobs that wait for other jobs, or for others of their concurrency key.';
comment on column taskq.status.retrying_count is 'Jobs that wait for their next attempt.';
comment on column taskq.status.failed_count is 'Dead letters.';
comment on column taskq.status.finished_count is 'All that have ended and are still kept, dead letters included.';
comment on column taskq.status.is_estimate is 'Whether a count is over 10,000: such a one is what PostgreSQL''s statistics say, all others are exact.';
comment on column taskq.status.ended_per_second is 'Jobs that ended, on average of the last minute, or of the last 10,000 if those took less.';
comment on column taskq.status.failed_per_second is 'Those of them that failed for good.';
comment on column taskq.status.oldest_ready_seconds is 'How long the oldest ready job has been ready; null if none is.';
comment on column taskq.status.next_due_at is 'When the next pending or retrying job is due.';
comment on column taskq.status.active_workers is 'Workers that take jobs.';
comment on column taskq.status.draining_workers is 'Workers that finish what they have.';
comment on column taskq.status.lost_workers is 'Workers that died in the last 15 minutes.';
comment on column taskq.status.slots is 'Jobs that the active workers can run at a time.';
comment on column taskq.status.cpu_units is 'Cpu of the active workers.';
comment on column taskq.status.granted_cpu_units is 'Cpu that running jobs have been granted.';
comment on column taskq.status.memory_mb is 'Memory of the active workers, in MB.';
comment on column taskq.status.granted_memory_mb is 'Memory that running jobs have been granted, in MB.';
comment on column taskq.status.paused_queues is 'Queues that nothing is claimed from.';
comment on column taskq.status.ticked_at is 'When tick() last measured a type, so to about a minute when it last ran.';
comment on column taskq.status.database_bytes is 'What the database takes on disk; null where taskq_owner may not connect to it.';
comment on column taskq.status.is_read_only is 'Whether this is a replica.';
comment on view taskq.status is 'How the queue is, in one row. Example: table taskq.status \gx';
