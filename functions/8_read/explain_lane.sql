-- In the order in which the claim asks: is the queue paused, does a worker serve it, is one large enough, do its pools have room;
-- and then the claim itself is asked. Reasons that a job will not get over by waiting come alone.
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

  select count(*), count(*) filter (
    where w.cpu_units >= v_lane.cpu_units and w.memory_mb >= v_lane.memory_mb and taskq_private.covers(w.resources, taskq_private.own_needs(v_lane))
  )
  into v_serving, v_large_enough
  from taskq_private.workers as w
  where w.status = 'active' and v_lane.type = any (w.types) and (w.queues is null or v_lane.queue = any (w.queues));
  if v_serving = 0 then
    return query select 'no_worker_for_type', format('No live worker runs type %s of queue %s.', v_lane.type, v_lane.queue), jsonb_build_object('type', v_lane.type, 'queue', v_lane.queue);
    return;
  elsif v_large_enough = 0 then
    return query
      select 'larger_than_every_worker',
        format('It asks for %s cpu, %s MB%s, more than any live worker has.', trim_scale(v_lane.cpu_units), v_lane.memory_mb,
          (select string_agg(format(', %s %s', r.value, r.key), '') from jsonb_each_text(taskq_private.own_needs(v_lane)) as r)),
        jsonb_build_object('cpu_units', v_lane.cpu_units, 'memory_mb', v_lane.memory_mb) || taskq_private.own_needs(v_lane);
    return;
  end if;
  return query select p.code, p.message, p.details from taskq_private.explain_pools(v_lane) as p;
  if not found and v_paused_at is null and explain_lane.ready_at is not null then
    return query select r.code, r.message, r.details from taskq_private.explain_ready(v_lane, explain_lane.ready_at, explain_lane.job_id) as r;
  end if;
end;
$$;
comment on function taskq_private.explain_lane(integer, timestamptz, uuid) is 'What keeps jobs of a lane from being claimed as things stand; runnable when nothing does.';
