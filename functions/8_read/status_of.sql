create or replace function taskq_private.status_of(job_id uuid)
returns taskq.job_status
language sql
stable
as $$
  select coalesce(
    (select f.status from taskq_private.finished_jobs as f where f.job_id = status_of.job_id),
    (select w.status from taskq_private.waiting_jobs as w where w.job_id = status_of.job_id),
    (
      select 'ready'::taskq.job_status
      from taskq_private.job_specs as s
      join taskq_private.ready_jobs as r on r.lane_id = s.lane_id and r.job_id = s.job_id
      where s.job_id = status_of.job_id
    ),
    (select 'running'::taskq.job_status from taskq_private.claims as c where c.job_ids @> array[status_of.job_id] limit 1)
  );
$$;
comment on function taskq_private.status_of(uuid) is 'Where a job is; null if it is nowhere.';
