create or replace function taskq_private.simulated_lanes(workers taskq_private.workers[])
returns taskq_private.simulated_lane[]
language sql
stable
as $$
  select coalesce(array_agg(row(
    l.lane_id, l.cpu_units, l.memory_mb, backlog.jobs, taskq_private.lane_seconds(l), able.numbers, able.numbers is not null
  )::taskq_private.simulated_lane order by l.priority, backlog.oldest), '{}')
  from taskq_private.lanes as l
  cross join lateral (select count(*) as jobs, min(r.ready_at) as oldest from taskq_private.ready_jobs as r where r.lane_id = l.lane_id) as backlog
  cross join lateral (
    select array_agg(w.ordinality::integer order by w.ordinality) as numbers
    from unnest(workers) with ordinality as w
    where l.type = any (w.types) and (w.queues is null or l.queue = any (w.queues))
      and l.cpu_units <= w.cpu_units and l.memory_mb <= w.memory_mb and taskq_private.covers(w.resources, taskq_private.own_needs(l))
  ) as able
  where backlog.jobs > 0;
$$;
comment on function taskq_private.simulated_lanes(taskq_private.workers[]) is 'The ready backlog by lanes, in order, with how long a job takes and which of these workers can run it.';
