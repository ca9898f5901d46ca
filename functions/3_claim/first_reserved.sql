-- The worker that comes free first starts the oldest large job that fits it, whoever was kept free for that one.
create or replace function taskq_private.first_reserved(worker taskq_private.workers, free taskq_private.capacity, own taskq_private.lanes)
returns taskq_private.lanes
language sql
stable
as $$
  select coalesce((
    select l
    from taskq_private.reservations as r
    cross join lateral (select j.ready_at, j.job_id from taskq_private.ready_jobs as j where j.lane_id = r.lane_id and j.job_id = r.job_id offset 0) as j
    join taskq_private.lanes as l on l.lane_id = r.lane_id
    join taskq_private.queues as q on q.queue = l.queue and q.paused_at is null
    where l.type = any (worker.types)
      and (worker.queues is null or l.queue = any (worker.queues))
      and taskq_private.lane_fits(l, free)
    order by j.ready_at + (l.priority - 1) * (coalesce(q.aging_seconds, 946080000) * interval '1 second'), j.ready_at, j.job_id
    limit 1
  ), own);
$$;
comment on function taskq_private.first_reserved(taskq_private.workers, taskq_private.capacity, taskq_private.lanes) is
  'The lane of the oldest job with a reservation that fits this worker; its own when there is none.';
