-- Nothing here grows with the backlog or with history: counts stop (count_places), rates look at the last 10,000 ends.
create or replace function taskq.read_status()
returns table (
  at timestamptz, ready_count bigint, running_count bigint, pending_count bigint, blocked_count bigint, retrying_count bigint, failed_count bigint,
  finished_count bigint, is_estimate boolean, ended_per_second numeric, failed_per_second numeric, oldest_ready_seconds numeric, next_due_at timestamptz,
  active_workers bigint, draining_workers bigint, lost_workers bigint, slots bigint, cpu_units numeric, granted_cpu_units numeric, memory_mb bigint,
  granted_memory_mb bigint, paused_queues text[], ticked_at timestamptz, database_bytes bigint, is_read_only boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
begin
  perform taskq_private.check_scope();
  return query
    select v_now, p.ready, p.running, p.pending, p.blocked, p.retrying, p.failed, p.finished, p.is_estimate,
      round(e.ended / e.seconds, 2), round(e.failed / e.seconds, 2), round(extract(epoch from v_now - r.oldest), 1),
      (select w.due_at from taskq_private.waiting_jobs as w where w.status <> 'blocked' order by w.due_at limit 1),
      w.active, w.draining, w.lost, w.slots, trim_scale(w.cpu_units), trim_scale(g.cpu_units), w.memory_mb, g.memory_mb,
      array(select q.queue from taskq_private.queues as q where q.paused_at is not null order by q.queue),
      (select max(t.measured_at) from taskq_private.task_types as t),
      case when has_database_privilege(current_database(), 'connect') then pg_database_size(current_database()) end, pg_is_in_recovery()
    from taskq_private.count_places() as p
    cross join (
      select count(*) as ended, count(*) filter (where f.status = 'failed') as failed,
        case when count(*) < 10000 then 60 else greatest(extract(epoch from v_now - min(f.finished_at)), 0.001) end as seconds
      from (
        select j.status, j.finished_at from taskq_private.finished_jobs as j
        where j.finished_at > v_now - interval '1 minute' order by j.finished_at desc limit 10000
      ) as f
    ) as e
    cross join (
      select min(nullif(h.ready_at, 'infinity')) as oldest
      from taskq_private.lanes as l
      cross join lateral (select j.ready_at from taskq_private.ready_jobs as j where j.lane_id = l.lane_id order by j.ready_at, j.job_id limit 1) as h
    ) as r
    cross join (
      select count(*) filter (where o.status = 'active') as active, count(*) filter (where o.status = 'draining') as draining,
        count(*) filter (where o.status = 'lost' and o.ended_at > v_now - interval '15 minutes') as lost,
        coalesce(sum(o.concurrency) filter (where o.status = 'active'), 0) as slots,
        coalesce(sum(o.cpu_units) filter (where o.status = 'active'), 0) as cpu_units, coalesce(sum(o.memory_mb) filter (where o.status = 'active'), 0) as memory_mb
      from taskq_private.workers as o
    ) as w
    cross join (
      select coalesce(sum(l.cpu_units), 0) as cpu_units, coalesce(sum(l.memory_mb), 0) as memory_mb
      from taskq_private.claims as c
      cross join unnest(c.lane_ids) as u (lane_id)
      join taskq_private.lanes as l on l.lane_id = u.lane_id
    ) as g;
end;
$$;
comment on function taskq.read_status() is
  'How the queue is, in one row: jobs by state, how many end a second, how long the oldest ready job waits, workers, capacity and how much of it is granted. The view taskq.status shows the same and says what each column is. Example: table taskq.status \gx';
