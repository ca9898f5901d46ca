-- Counts stop at 10000 a lane and status, so that a million jobs do not make looking slow.
create or replace function taskq.job_statistics(queue text[] default null, type text[] default null)
returns table (
  queue text, type text, pending_count bigint, blocked_count bigint, ready_count bigint, running_count bigint, retrying_count bigint,
  completed_count bigint, failed_count bigint, cancelled_count bigint, is_exact boolean, oldest_ready_at timestamptz
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
  with lane as materialized (
    select l.lane_id, l.queue, l.type
    from taskq_private.lanes as l
    where (job_statistics.queue is null or l.queue = any (job_statistics.queue))
      and (job_statistics.type is null or l.type = any (job_statistics.type))
      and taskq_private.sees_queue(l.queue)
  ), place as (
    select l.lane_id, s.status, counted.jobs, null::timestamptz as oldest
    from lane as l
    cross join unnest('{completed,failed,cancelled}'::taskq.job_status[]) as s (status)
    cross join lateral (
      select count(*) as jobs
      from (select from taskq_private.finished_jobs as f where f.lane_id = l.lane_id and f.status = s.status limit 10000) as head
    ) as counted
    union all
    select l.lane_id, s.status, counted.jobs, null
    from lane as l
    cross join unnest('{pending,blocked,retrying}'::taskq.job_status[]) as s (status)
    cross join lateral (
      select count(*) as jobs
      from (select from taskq_private.waiting_jobs as w where w.lane_id = l.lane_id and w.status = s.status limit 10000) as head
    ) as counted
    union all
    select l.lane_id, 'ready', counted.jobs, counted.oldest
    from lane as l
    cross join lateral (
      select count(*) as jobs, min(nullif(head.ready_at, 'infinity')) as oldest
      from (select r.ready_at from taskq_private.ready_jobs as r where r.lane_id = l.lane_id order by r.ready_at, r.job_id limit 10000) as head
    ) as counted
    union all
    select u.lane_id, 'running', count(*), null
    from taskq_private.claims as c
    cross join unnest(c.lane_ids) as u (lane_id)
    group by u.lane_id
  )
  select
    l.queue, l.type,
    coalesce(sum(p.jobs) filter (where p.status = 'pending'), 0)::bigint, coalesce(sum(p.jobs) filter (where p.status = 'blocked'), 0)::bigint,
    coalesce(sum(p.jobs) filter (where p.status = 'ready'), 0)::bigint, coalesce(sum(p.jobs) filter (where p.status = 'running'), 0)::bigint,
    coalesce(sum(p.jobs) filter (where p.status = 'retrying'), 0)::bigint, coalesce(sum(p.jobs) filter (where p.status = 'completed'), 0)::bigint,
    coalesce(sum(p.jobs) filter (where p.status = 'failed'), 0)::bigint, coalesce(sum(p.jobs) filter (where p.status = 'cancelled'), 0)::bigint,
    bool_and(p.jobs < 10000), min(p.oldest)
  from lane as l
  join place as p on p.lane_id = l.lane_id
  group by l.queue, l.type
  order by l.queue, l.type;
$$;
comment on function taskq.job_statistics(text[], text[]) is
  'How many jobs of each queue and type are in which status, counted up to 10000 a lane and status; is_exact says whether no count stopped there. Example: select queue, type, ready_count, failed_count from taskq.job_statistics().';
