create or replace function taskq_private.sees_job(job_id uuid)
returns boolean
language sql
stable
as $$
  select taskq_private.queue_scope() is null or exists (
    select
    from taskq_private.job_specs as s
    join taskq_private.lanes as l on l.lane_id = s.lane_id
    where s.job_id = sees_job.job_id and taskq_private.sees_queue(l.queue)
  );
$$;
comment on function taskq_private.sees_job(uuid) is 'Whether a job is in a queue that the caller''s key is for.';
