-- A small period is cleared job by job, so that small queues keep to their ttl; a large one waits until all of it can go.
-- If that is late, because too much of it stays, it is cleared like a small one. Late is told from its beginning: its end may
-- have been stretched over later ones.
create or replace function taskq_private.goes_whole(period taskq_private.history_periods, horizon timestamptz)
returns boolean
language sql
stable
as $$
  select isfinite(period.starts_at)
    and period.starts_at > horizon - 2 * taskq_private.history_length('jobs')
    and pg_relation_size(to_regclass(format('taskq_private.%I', 'finished_jobs_' || period.name))) > taskq_private.large_period_bytes();
$$;
comment on function taskq_private.goes_whole(taskq_private.history_periods, timestamptz) is 'Whether a period of jobs is dropped rather than cleared.';
