create or replace function taskq_private.lane_fits(lane taskq_private.lanes, free taskq_private.capacity)
returns boolean
language sql
stable
as $$
  select lane.cpu_units <= free.cpu_units and lane.memory_mb <= free.memory_mb
    and taskq_private.covers(free.others, coalesce(taskq_private.lane_needs(lane), '{}'));
$$;
comment on function taskq_private.lane_fits(taskq_private.lanes, taskq_private.capacity) is 'Whether a job of this lane fits what is free.';
