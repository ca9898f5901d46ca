-- The first job in line that is too large for what is free but not for the worker, once it has been ready for
-- reserve_after_seconds. Each job reserves one worker; a lane with k reservations shows its next job. Whatever comes after it
-- has to wait; while something that this worker could run comes before it, whether that fits now or not, it is not its turn
-- (is_first is false): else a low job would have the next room on a full worker, whatever urgent ones wait.
create or replace function taskq_private.large_head(
  worker taskq_private.workers, free taskq_private.capacity, fronts taskq_private.front[],
  out lane taskq_private.lanes, out job_id uuid, out order_at timestamptz, out is_first boolean
)
language plpgsql
stable
as $$
#variable_conflict use_column
declare
  v_old timestamptz := taskq_private.clock() - (select s.reserve_after_seconds * interval '1 second' from taskq_private.settings as s);
  v_all taskq_private.capacity := row(worker.cpu_units, worker.memory_mb, free.others || worker.resources);
  v_head record;
begin
  select l as lane, head.job_id, head.ready_at + f.handicap as order_at into v_head
  from unnest(fronts) as f
  join taskq_private.lanes as l on l.lane_id = f.lane_id
  cross join lateral (
    select r.ready_at, r.job_id from taskq_private.ready_jobs as r
    where r.lane_id = f.lane_id and r.ready_at >= f.ready_at and r.ready_at <= v_old
    order by r.ready_at, r.job_id
    offset (select count(*) from taskq_private.reservations as o where o.lane_id = l.lane_id)
    limit 1
  ) as head
  where (f.needs is null or taskq_private.covers(worker.resources, taskq_private.own_needs(l)))
    and (
      l.cpu_units > free.cpu_units or l.memory_mb > free.memory_mb
      or f.needs is not null and not taskq_private.covers(free.others, taskq_private.own_needs(l))
    )
    and (f.needs is null or taskq_private.covers(free.others, f.needs - array(select jsonb_object_keys(taskq_private.own_needs(l)))))
  order by head.ready_at + f.handicap, head.ready_at, head.job_id
  limit 1;

  lane := v_head.lane;
  job_id := v_head.job_id;
  order_at := v_head.order_at;
  is_first := order_at is not null and not exists (
    select from taskq_private.lane_heads(fronts, v_all, null, 0::smallint, (select count(*)::integer + 1 from taskq_private.reservations)) as h
    where h.ready_at + h.handicap < large_head.order_at and not exists (select from taskq_private.reservations as r where r.job_id = h.job_id)
  );
end;
$$;
comment on function taskq_private.large_head(taskq_private.workers, taskq_private.capacity, taskq_private.front[]) is
  'The job that this worker should be kept free for, or that what comes after it should not pass.';
