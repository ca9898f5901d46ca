create or replace function taskq_private.is_unstarted(job_id uuid)
returns boolean
language sql
stable
as $$
  select exists (
    select from taskq_private.waiting_jobs as w where w.job_id = is_unstarted.job_id and w.attempt = 1
  ) or exists (
    select
    from taskq_private.job_specs as s
    join taskq_private.ready_jobs as r on r.lane_id = s.lane_id and r.job_id = s.job_id
    where s.job_id = is_unstarted.job_id and r.attempt = 1
  ) or exists (
    select from taskq_private.finished_jobs as f where f.job_id = is_unstarted.job_id and f.status = 'cancelled' and f.claim_id is null
  );
$$;
comment on function taskq_private.is_unstarted(uuid) is 'Whether a job waits for its first attempt, or was cancelled before it.';
