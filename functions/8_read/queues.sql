-- Counts stop at 10000 a lane, so that a million waiting jobs do not make looking slow.
create or replace view taskq.queues as
select
  q.queue,
  q.paused_at,
  q.paused_by,
  q.aging_seconds,
  coalesce(sum(ready.jobs), 0)::integer as ready_count,
  coalesce(sum(waiting.jobs), 0)::integer as waiting_count,
  coalesce(max(running.jobs), 0)::integer as running_count,
  min(ready.oldest) as oldest_ready_at
from taskq_private.queues as q
left join taskq_private.lanes as l on l.queue = q.queue
left join lateral (
  select count(*) as jobs, min(nullif(head.ready_at, 'infinity')) as oldest
  from (select r.ready_at from taskq_private.ready_jobs as r where r.lane_id = l.lane_id order by r.ready_at, r.job_id limit 10000) as head
) as ready on true
left join lateral (
  select count(*) as jobs from (select from taskq_private.waiting_jobs as w where w.lane_id = l.lane_id limit 10000) as head
) as waiting on true
left join lateral (
  select count(*) as jobs
  from taskq_private.claims as c
  cross join unnest(c.lane_ids) as u (lane_id)
  join taskq_private.lanes as o on o.lane_id = u.lane_id
  where o.queue = q.queue
) as running on true
where taskq_private.sees_queue(q.queue)
group by q.queue, q.paused_at, q.paused_by, q.aging_seconds;
comment on column taskq.queues.queue is 'Its name.';
comment on column taskq.queues.paused_at is 'Since when nothing is claimed from it; null while it runs.';
comment on column taskq.queues.paused_by is 'Who paused it.';
comment on column taskq.queues.aging_seconds is 'Waiting this long weighs as much as one level of priority; null for strict priority.';
comment on column taskq.queues.ready_count is 'Jobs that a worker may take now.';
comment on column taskq.queues.waiting_count is 'Jobs that wait for a time, for other jobs, or behind a key.';
comment on column taskq.queues.running_count is 'Jobs that workers have.';
comment on column taskq.queues.oldest_ready_at is 'Since when the oldest ready job has been ready.';
comment on view taskq.queues is 'The queues: paused or not, and how many jobs are ready, waiting and running (counted up to 10000 a lane).';
