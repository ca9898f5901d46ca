-- Each place is asked only if the one before does not have it; the plans of PL/pgSQL are kept, and look at one partition.
create or replace function taskq_private.status_of(job_id uuid)
returns taskq.job_status
language plpgsql
stable
as $$
declare
  v_status taskq.job_status;
begin
  v_status := (select f.status from taskq_private.finished_jobs as f where f.job_id = status_of.job_id);
  v_status := coalesce(v_status, (select w.status from taskq_private.waiting_jobs as w where w.job_id = status_of.job_id));
  if v_status is null and exists (
    select
    from taskq_private.job_specs as s
    join taskq_private.ready_jobs as r on r.lane_id = s.lane_id and r.job_id = s.job_id
    where s.job_id = status_of.job_id
  ) then
    v_status := 'ready';
  end if;
  if v_status is null and exists (select from taskq_private.claims as c where c.job_ids @> array[status_of.job_id]) then
    v_status := 'running';
  end if;
  return v_status;
end;
$$;
comment on function taskq_private.status_of(uuid) is 'Where a job is; null if it is nowhere.';
