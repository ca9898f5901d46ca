-- Each lane whose jobs fit what is free shows its first rows by ready_at, no more than depth, and than could fit where all of them
-- may be taken (max_jobs is given): one index probe, whatever lies behind. One whose pools have too little shows its first row, if
-- that has waited long enough. The rows of all lanes are merged in effective order: the first level of priority goes by ready_at
-- alone, each further level weighs as much as aging_seconds of waiting, or as 30 years where the queue has none: strict priority.
-- A row that is_cut may have more of its lane behind it. Plain SQL, so that it becomes part of the query that reads it.
create or replace function taskq_private.lane_heads(
  fronts taskq_private.front[], free taskq_private.capacity, max_jobs integer, level smallint, depth integer,
  waited_since timestamptz default null
)
returns table (lane_id integer, cpu_units numeric, memory_mb integer, needs jsonb, handicap interval, job_id uuid, ready_at timestamptz, is_cut boolean)
language sql
stable
as $$
  select f.lane_id, f.cpu_units, f.memory_mb, f.needs, f.handicap, head.job_id, head.ready_at, head.place = lane_heads.depth
  from unnest(fronts) as f
  cross join lateral (select f.needs is null or taskq_private.covers(free.others, f.needs)) as fit (is_covered)
  cross join lateral (
    select r.ready_at, r.job_id, row_number() over (order by r.ready_at, r.job_id) as place
    from taskq_private.ready_jobs as r
    where r.lane_id = f.lane_id and r.ready_at >= f.ready_at and r.ready_at < 'infinity'
    order by r.ready_at, r.job_id
    limit case
      when not fit.is_covered then 1
      when lane_heads.max_jobs is null then lane_heads.depth
      else least(
        lane_heads.depth, lane_heads.max_jobs, floor(free.cpu_units / nullif(f.cpu_units, 0)), floor(free.memory_mb / nullif(f.memory_mb, 0))
      )
    end
  ) as head
  where (lane_heads.level = 0 or f.priority = lane_heads.level)
    and f.cpu_units <= free.cpu_units
    and f.memory_mb <= free.memory_mb
    and (fit.is_covered or lane_heads.waited_since is not null and head.ready_at <= lane_heads.waited_since)
  order by head.ready_at + f.handicap, head.ready_at, head.job_id;
$$;
comment on function taskq_private.lane_heads(taskq_private.front[], taskq_private.capacity, integer, smallint, integer, timestamptz) is
  'The jobs that this worker could take first, in effective order.';
