-- Whoever reads or writes history does so through these tables and holds a share of their locks until the transaction ends, so
-- nobody is at it when they are had. Others queue up behind the one who waits: the caller sets lock_timeout.
-- Locks: the tables of the family, exclusively; of their partitions only those that are changed. Raises: 55P03.
create or replace function taskq_private.lock_history(family text)
returns void
language plpgsql
volatile
as $$
begin
  if family = 'jobs' then
    lock table only taskq_private.job_specs, only taskq_private.finished_jobs, only taskq_private.job_attempts, only taskq_private.job_logs
    in access exclusive mode;
  else
    lock table only taskq_private.job_events in access exclusive mode;
  end if;
end;
$$;
comment on function taskq_private.lock_history(text) is 'Has the tables of this family alone.';
