-- From the last completed jobs of each lane, by the index of the lane and no other.
create or replace function taskq.list_type_times(sample integer default 100)
returns table (
  type text, recent_count bigint, recent_p50_seconds numeric, recent_p95_seconds numeric, earlier_count bigint, earlier_p50_seconds numeric,
  earlier_p95_seconds numeric, times_slower numeric
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
  with lasted as materialized (
    select l.type, f.place <= s.sample as is_recent, f.seconds
    from (select least(greatest(list_type_times.sample, 1), 1000) as sample) as s
    cross join (select * from taskq_private.lanes as l where taskq_private.sees_queue(l.queue)) as l
    cross join lateral (
      select row_number() over (order by j.job_id desc) as place, extract(epoch from j.finished_at - j.started_at) as seconds
      from (
        select o.job_id, o.started_at, o.finished_at from taskq_private.finished_jobs as o
        where (o.lane_id, o.status) >= (l.lane_id, 'completed'::taskq.job_status) and (o.lane_id, o.status) <= (l.lane_id, 'completed'::taskq.job_status)
        order by o.lane_id desc, o.status desc, o.job_id desc
        limit 2 * s.sample
      ) as j
    ) as f
  ), measured as (
    select
      t.type,
      count(*) filter (where t.is_recent) as recent_count,
      percentile_cont(0.5) within group (order by t.seconds) filter (where t.is_recent) as recent_p50,
      percentile_cont(0.95) within group (order by t.seconds) filter (where t.is_recent) as recent_p95,
      count(*) filter (where not t.is_recent) as earlier_count,
      percentile_cont(0.5) within group (order by t.seconds) filter (where not t.is_recent) as earlier_p50,
      percentile_cont(0.95) within group (order by t.seconds) filter (where not t.is_recent) as earlier_p95
    from lasted as t
    group by t.type
  )
  select m.type, m.recent_count, round(m.recent_p50::numeric, 3), round(m.recent_p95::numeric, 3), m.earlier_count, round(m.earlier_p50::numeric, 3),
    round(m.earlier_p95::numeric, 3), round((m.recent_p50 / nullif(m.earlier_p50, 0))::numeric, 2)
  from measured as m
  order by 8 desc nulls last, 1;
$$;
comment on function taskq.list_type_times(integer) is
  'How long jobs of each type take, in seconds: the last sample (100) completed ones of each lane of it against as many before them, the type that got slower most first. Half took at most p50, 95 of 100 at most p95. Example: select type, times_slower, recent_p50_seconds from taskq.list_type_times() limit 5.';
