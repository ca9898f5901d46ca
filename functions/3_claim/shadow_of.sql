-- When the large job can start here, and what is left beside it then, as jobs that run are expected to end (all that end at
-- that instant). One that overruns is taken to end now, so that nothing new is let in for its sake.
create or replace function taskq_private.shadow_of(worker taskq_private.workers, free taskq_private.capacity, lane taskq_private.lanes)
returns taskq_private.shadow
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_needs jsonb := taskq_private.lane_needs(lane);
  v_free taskq_private.capacity := free;
  v_until timestamptz := v_now;
  v_running record;
begin
  for v_running in
    select l.cpu_units, l.memory_mb, l.resources, greatest(c.claimed_at + taskq_private.expected_seconds(u.job_id) * interval '1 second', v_now) as ends_at
    from taskq_private.claims as c
    cross join unnest(c.job_ids, c.lane_ids) as u (job_id, lane_id)
    join taskq_private.lanes as l on l.lane_id = u.lane_id
    where c.worker_id = worker.worker_id
    order by ends_at
  loop
    exit when v_running.ends_at > v_until and lane.cpu_units <= v_free.cpu_units and lane.memory_mb <= v_free.memory_mb and taskq_private.covers(v_free.others, taskq_private.own_needs(lane));
    v_until := v_running.ends_at;
    v_free.cpu_units := v_free.cpu_units + v_running.cpu_units;
    v_free.memory_mb := v_free.memory_mb + v_running.memory_mb;
    v_free.others := taskq_private.less(v_free.others, array[v_running.resources], array[-1]);
  end loop;

  v_free.cpu_units := v_free.cpu_units - lane.cpu_units;
  v_free.memory_mb := v_free.memory_mb - lane.memory_mb;
  if v_needs is not null then
    v_free.others := taskq_private.less(v_free.others, array[v_needs], array[1]);
  end if;
  return row(v_until, v_free.cpu_units, v_free.memory_mb, v_free.others, false)::taskq_private.shadow;
end;
$$;
comment on function taskq_private.shadow_of(taskq_private.workers, taskq_private.capacity, taskq_private.lanes) is
  'When a job of this lane can start on this worker, and what is left beside it then.';
