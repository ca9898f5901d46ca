create or replace function taskq_private.explain_lane(lane_id integer, ready_at timestamptz, job_id uuid)
returns table (code text, message text, details jsonb)
language plpgsql
stable
as $$
#variable_conflict use_column
declare
  v_lane taskq_private.lanes;
  v_paused_at timestamptz;
  v_serving bigint;
  v_large_enough bigint;
begin
  select * into v_lane from taskq_private.lanes as l where l.lane_id = explain_lane.lane_id;
  select q.paused_at into v_paused_at from taskq_private.queues as q where q.queue = v_lane.queue;
  if v_paused_at is not null then
    return query select 'queue_paused', format('Queue %s is paused.', v_lane.queue), jsonb_build_object('queue', v_lane.queue, 'paused_at', v_paused_at);
  end if;

  select count(*), count(*) filter (where w.cpu_units >= v_lane.cpu_units and w.memory_mb >= v_lane.memory_mb)
  into v_serving, v_large_enough
  from taskq_private.workers as w
  where w.status = 'active' and v_lane.type = any (w.types) and (w.queues is null or v_lane.queue = any (w.queues));
  if v_serving = 0 then
    return query select 'no_worker_for_type', format('No live worker runs type %s of queue %s.', v_lane.type, v_lane.queue), jsonb_build_object('type', v_lane.type, 'queue', v_lane.queue);
  elsif v_large_enough = 0 then
    return query
      select 'larger_than_every_worker', format('It asks for %s cpu and %s MB, more than any live worker has.', trim_scale(v_lane.cpu_units), v_lane.memory_mb),
        jsonb_build_object('cpu_units', v_lane.cpu_units, 'memory_mb', v_lane.memory_mb);
  elsif explain_lane.ready_at is not null then
    return query
      select 'waiting_for_capacity', format('It is ready and number %s in its lane.', count(*) + 1), jsonb_build_object('place_in_line', count(*) + 1)
      from (
        select from taskq_private.ready_jobs as r
        where r.lane_id = explain_lane.lane_id and (r.ready_at, r.job_id) < (explain_lane.ready_at, explain_lane.job_id)
        limit 10000
      ) as before;
  end if;
end;
$$;
comment on function taskq_private.explain_lane(integer, timestamptz, uuid) is 'What keeps jobs of a lane from being claimed as things stand.';
