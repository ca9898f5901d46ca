-- Called when jobs are no longer ready or running (and when parked ones go elsewhere): the next of their keys go on.
create or replace function taskq_private.leave_keys(job_ids uuid[])
returns void
language plpgsql
volatile
as $$
declare
  v_keys text[];
begin
  if not exists (select from taskq_private.concurrency_keys) then
    return;
  end if;
  with gone as (
    delete from taskq_private.keyed_jobs as j where j.job_id = any (job_ids) returning j.concurrency_key, j.is_admitted
  )
  select array_agg(distinct g.concurrency_key) into v_keys from gone as g where g.is_admitted;
  if v_keys is not null then
    perform taskq_private.admit_parked(v_keys);
  end if;
end;
$$;
comment on function taskq_private.leave_keys(uuid[]) is 'Gives back what these jobs held of the limits of their keys.';
