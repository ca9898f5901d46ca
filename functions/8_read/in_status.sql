-- A row if the job is in one of these states. Plain SQL, so that it becomes part of the query that asks; who runs is found once, by the caller.
create or replace function taskq_private.in_status(job_id uuid, lane_id integer, statuses taskq.job_status[], running uuid[])
returns setof boolean
language sql
stable
as $$
  select true
  where exists (select from taskq_private.finished_jobs as f where f.job_id = in_status.job_id and f.status = any (statuses))
    or exists (select from taskq_private.waiting_jobs as w where w.job_id = in_status.job_id and w.status = any (statuses))
    or exists (
      select from taskq_private.ready_jobs as r where r.lane_id = in_status.lane_id and r.job_id = in_status.job_id and 'ready' = any (statuses)
    )
    or in_status.job_id = any (running);
$$;
comment on function taskq_private.in_status(uuid, integer, taskq.job_status[], uuid[]) is
  'Whether a job is in one of these states; running names the jobs that run, if those are asked for.';
