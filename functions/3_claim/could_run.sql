create or replace function taskq_private.could_run(worker taskq_private.workers, lane taskq_private.lanes)
returns boolean
language sql
stable
as $$
  select lane.type = any (worker.types)
    and (worker.queues is null or lane.queue = any (worker.queues))
    and lane.cpu_units <= worker.cpu_units and lane.memory_mb <= worker.memory_mb
    and (lane.resources = '{}' or taskq_private.covers(worker.resources, taskq_private.own_needs(lane)));
$$;
comment on function taskq_private.could_run(taskq_private.workers, taskq_private.lanes) is 'Whether a worker serves a lane and is large enough for its jobs when it has nothing else.';
