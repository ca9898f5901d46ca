-- A lane counts if this worker runs its type, serves its queue, the queue is not paused, and one job of it fits what is free.
-- Each lane shows its first rows by ready_at, no more than could fit (or depth): one index probe, whatever lies behind. One
-- whose pools have too little shows its first row, if that has waited long enough. The rows of all lanes are merged in
-- effective order: the first level of priority goes by ready_at alone, each further level weighs as much as aging_seconds of
-- waiting, or as 30 years where the queue has none: strict priority. Plain SQL, so that it becomes part of the query that reads it.
create or replace function taskq_private.lane_heads(
  worker taskq_private.workers, free taskq_private.capacity, max_jobs integer, level smallint, depth integer default null,
  waited_since timestamptz default null
)
returns table (lane_id integer, cpu_units numeric, memory_mb integer, needs jsonb, handicap interval, job_id uuid, ready_at timestamptz)
language sql
stable
as $$
  select l.lane_id, l.cpu_units, l.memory_mb, needs.needs, behind.handicap, head.job_id, head.ready_at
  from taskq_private.lanes as l
  join taskq_private.queues as q on q.queue = l.queue
  cross join lateral (select (l.priority - 1) * (coalesce(q.aging_seconds, 946080000) * interval '1 second')) as behind (handicap)
  cross join lateral (select case when (select exists (select from taskq_private.resource_pools as p where p.queue is not null or p.type is not null)) or l.resources <> '{}' then taskq_private.lane_needs(l) end) as needs (needs)
  cross join lateral (select needs.needs is null or taskq_private.covers(free.others, needs.needs)) as fit (is_covered)
  cross join lateral (
    select r.ready_at, r.job_id
    from taskq_private.ready_jobs as r
    where r.lane_id = l.lane_id
    order by r.ready_at, r.job_id
    limit case when fit.is_covered then coalesce(lane_heads.depth, least(
      lane_heads.max_jobs,
      coalesce(floor(free.cpu_units / nullif(l.cpu_units, 0)), lane_heads.max_jobs),
      coalesce(floor(free.memory_mb / nullif(l.memory_mb, 0)), lane_heads.max_jobs)
    )) else 1 end
  ) as head
  where l.type = any (worker.types)
    and (worker.queues is null or l.queue = any (worker.queues))
    and (lane_heads.level = 0 or l.priority = lane_heads.level)
    and q.paused_at is null
    and l.cpu_units <= free.cpu_units
    and l.memory_mb <= free.memory_mb
    and (fit.is_covered or lane_heads.waited_since is not null and head.ready_at <= lane_heads.waited_since)
  order by head.ready_at + behind.handicap, head.ready_at, head.job_id;
$$;
comment on function taskq_private.lane_heads(taskq_private.workers, taskq_private.capacity, integer, smallint, integer, timestamptz) is
  'The jobs that this worker could take first, in effective order.';
