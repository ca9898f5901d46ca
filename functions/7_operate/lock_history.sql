-- Whoever reads or writes history holds a share of these locks until the transaction ends, so nobody is at it when they are
-- had. Others queue up behind the one who waits, so it waits for a moment only, and tries again in a minute.
-- Locks: all tables of the family, exclusively. Raises: 55P03.
create or replace function taskq_private.lock_history(family text)
returns void
language plpgsql
volatile
set lock_timeout = '100ms'
as $$
begin
  if family = 'jobs' then
    lock table taskq_private.job_specs, taskq_private.finished_jobs, taskq_private.job_attempts, taskq_private.job_logs in access exclusive mode;
  else
    lock table taskq_private.job_events in access exclusive mode;
  end if;
end;
$$;
comment on function taskq_private.lock_history(text) is 'Has the tables of this family alone.';
