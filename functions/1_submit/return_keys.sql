-- A job that is refused after it took its idempotency key gives it back, and so does its repeat in the same list.
create or replace function taskq_private.return_keys(jobs taskq_private.submission[])
returns taskq_private.submission[]
language plpgsql
volatile
as $$
declare
  v_jobs taskq_private.submission[] := jobs;
  v_found record;
begin
  for v_found in
    select repeat.ordinal, first.error
    from unnest(jobs) as first
    join unnest(jobs) as repeat on repeat.job_id = first.job_id and repeat.repeated and repeat.error is null
    where first.error is not null and first.repeated is not true
  loop
    v_jobs[v_found.ordinal].error := v_found.error;
  end loop;

  delete from taskq_private.idempotency_keys as k
  where k.idempotency_key = any (array(select j.idempotency_key from unnest(jobs) as j where j.error is not null and j.repeated is not true))
    and k.job_id = any (array(select j.job_id from unnest(jobs) as j where j.error is not null and j.repeated is not true));
  return v_jobs;
end;
$$;
comment on function taskq_private.return_keys(taskq_private.submission[]) is 'Gives back the idempotency keys of submissions that were refused.';
