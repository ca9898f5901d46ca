-- Which lanes to take how many jobs from. In words:
-- A lane counts if this worker runs its type, serves its queue, the queue is not paused, and one job of it fits what is free.
-- Each lane shows its first rows by ready_at, no more than could fit: one index probe, whatever lies behind.
-- The rows of all lanes are merged in effective order: the first level of priority goes by ready_at alone, each further
-- level weighs as much as aging_seconds of waiting, or as 30 years where the queue has none: strict priority.
-- In that order they are taken while the running sum fits; one that does not fit is passed over.
create or replace function taskq_private.choose_lanes(
  worker taskq_private.workers, max_jobs integer, out lane_ids integer[], out job_counts integer[], out handicaps interval[]
)
language plpgsql
stable
as $$
declare
  v_free record;
  v_head record;
  v_taken integer := 0;
begin
  select free.cpu_units, free.memory_mb into v_free from taskq_private.free_capacity(worker) as free;

  for v_head in
    select l.lane_id, l.cpu_units, l.memory_mb, behind.handicap
    from taskq_private.lanes as l
    join taskq_private.queues as q on q.queue = l.queue
    cross join lateral (select (l.priority - 1) * (coalesce(q.aging_seconds, 946080000) * interval '1 second')) as behind (handicap)
    cross join lateral (
      select r.ready_at, r.job_id
      from taskq_private.ready_jobs as r
      where r.lane_id = l.lane_id
      order by r.ready_at, r.job_id
      limit least(
        max_jobs,
        coalesce(floor(v_free.cpu_units / nullif(l.cpu_units, 0)), max_jobs),
        coalesce(v_free.memory_mb / nullif(l.memory_mb, 0), max_jobs)
      )
    ) as head
    where l.type = any (worker.types)
      and (worker.queues is null or l.queue = any (worker.queues))
      and q.paused_at is null
      and l.cpu_units <= v_free.cpu_units
      and l.memory_mb <= v_free.memory_mb
      and l.resources = '{}'
    order by head.ready_at + behind.handicap, head.ready_at, head.job_id
  loop
    if v_head.cpu_units <= v_free.cpu_units and v_head.memory_mb <= v_free.memory_mb then
      v_free.cpu_units := v_free.cpu_units - v_head.cpu_units;
      v_free.memory_mb := v_free.memory_mb - v_head.memory_mb;
      lane_ids := lane_ids || v_head.lane_id;
      handicaps := handicaps || v_head.handicap;
      v_taken := v_taken + 1;
      exit when v_taken = max_jobs;
    end if;
  end loop;

  select array_agg(t.lane_id), array_agg(t.jobs), array_agg(t.handicap)
  into lane_ids, job_counts, handicaps
  from (
    select u.lane_id, count(*)::integer as jobs, min(u.handicap) as handicap
    from unnest(lane_ids, handicaps) as u (lane_id, handicap)
    group by u.lane_id
    order by min(u.handicap)
  ) as t;
end;
$$;
comment on function taskq_private.choose_lanes(taskq_private.workers, integer) is
  'The lanes to take jobs from and how many from each, so that together they fit what the worker has free; and what to add to ready_at for the effective order.';
