-- A job stays while one that depends on it has not ended, since that may want its result, and while its workflow runs.
-- Locks: finished rows, skipping those that someone replays.
create or replace function taskq_private.deletable_jobs(job_ids uuid[], horizon timestamptz)
returns uuid[]
language sql
volatile
as $$
  select array(
    select f.job_id
    from unnest(job_ids) as c (job_id)
    join taskq_private.finished_jobs as f on f.job_id = c.job_id
    where f.finished_at < horizon
      and not exists (
        select from taskq_private.job_dependencies as d
        where d.depends_on_id = c.job_id and not exists (select from taskq_private.finished_jobs as child where child.job_id = d.job_id)
      )
      and not exists (
        select from taskq_private.job_specs as s join taskq_private.workflows as w on w.workflow_id = s.workflow_id
        where s.job_id = c.job_id and w.status = 'running'
      )
    for update of f skip locked
  );
$$;
comment on function taskq_private.deletable_jobs(uuid[], timestamptz) is 'Which of these jobs ended before the horizon and are wanted by nothing.';
