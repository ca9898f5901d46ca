-- The rule of what follows an attempt that did not complete. Only a worker that had nothing else is a job's third: of several that
-- a worker died with, each may be innocent.
create or replace function taskq_private.next_status(
  ended taskq_private.ended_attempt, max_attempts smallint, cancel_requested boolean, out next_status taskq.job_status, out reason text
)
language plpgsql
stable
as $$
begin
  if cancel_requested or ended.outcome = 'cancelled' then
    next_status := 'cancelled';
    reason := 'requested';
  elsif ended.outcome = 'released' then
    next_status := 'ready';
  elsif ended.outcome = 'lost' then
    if taskq_private.crash_count(ended.job_id) >= 2 and coalesce((ended.error ->> 'jobs_beside')::integer, 0) = 0 then
      next_status := 'failed';
      reason := 'crashed';
    else
      next_status := 'ready';
    end if;
  elsif ended.fatal then
    next_status := 'failed';
    reason := 'fatal';
  elsif ended.attempt >= max_attempts then
    next_status := 'failed';
    reason := 'attempts_exhausted';
  else
    next_status := 'retrying';
  end if;
end;
$$;
comment on function taskq_private.next_status(taskq_private.ended_attempt, smallint, boolean) is 'Where a job goes after this attempt, and why.';
