create or replace function taskq_private.is_awaited(job_id uuid)
returns boolean
language sql
stable
as $$
  select exists (
    select
    from taskq_private.job_dependencies as d
    where d.depends_on_id = is_awaited.job_id
      and not exists (select from taskq_private.finished_jobs as child where child.job_id = d.job_id)
  );
$$;
comment on function taskq_private.is_awaited(uuid) is 'Whether a job that has not ended depends on this one.';
