-- What of a period must not go with it: jobs that have not ended, or ended late, and all that something still refers to (a key,
-- a workflow, an edge), since delete_attached() has taken what could go. With the tables locked this is exact. No part reads
-- more than max_jobs rows: each goes by an index of just those jobs.
create or replace function taskq_private.staying_jobs(from_id uuid, to_id uuid, horizon timestamptz, max_jobs integer)
returns uuid[]
language sql
stable
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
  select array(
    select distinct s.job_id
    from (
      (select w.job_id from taskq_private.waiting_jobs as w where w.job_id >= from_id and w.job_id < to_id limit max_jobs)
      union all
      (
        select r.job_id
        from taskq_private.lanes as l
        cross join lateral (
          select j.job_id from taskq_private.ready_jobs as j where j.lane_id = l.lane_id and j.job_id >= from_id and j.job_id < to_id
        ) as r
        limit max_jobs
      )
      union all
      select u.job_id from taskq_private.claims as c cross join unnest(c.job_ids) as u (job_id) where u.job_id >= from_id and u.job_id < to_id
      union all
      (
        select f.job_id from taskq_private.finished_jobs as f
        where f.job_id >= from_id and f.job_id < to_id and f.finished_at >= horizon
        order by f.finished_at -- by this index and no other
        limit max_jobs
      )
      union all
      (
        select s.job_id from taskq_private.job_specs as s
        where s.job_id >= from_id and s.job_id < to_id and num_nonnulls(s.workflow_id, s.concurrency_key) > 0
        limit max_jobs
      )
      union all
      (select k.job_id from taskq_private.idempotency_keys as k where k.job_id >= from_id and k.job_id < to_id limit max_jobs)
      union all
      (select d.job_id from taskq_private.job_dependencies as d where d.job_id >= from_id and d.job_id < to_id limit max_jobs)
      union all
      (
        select d.depends_on_id from taskq_private.job_dependencies as d
        where d.depends_on_id >= from_id and d.depends_on_id < to_id limit max_jobs
      )
    ) as s (job_id)
    limit max_jobs
  );
$$;
comment on function taskq_private.staying_jobs(uuid, uuid, timestamptz, integer) is 'Jobs with ids in this range that must be kept, at most max_jobs.';
