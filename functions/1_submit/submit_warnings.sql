-- A job that none of the live workers for its type and queue can ever carry is accepted all the same: a larger one may come.
create or replace function taskq_private.submit_warnings(lane_id integer)
returns text[]
language sql
stable
as $$
  select case
    when bool_or(l.cpu_units <= w.cpu_units and l.memory_mb <= w.memory_mb and taskq_private.covers(w.resources, taskq_private.own_needs(l))) is false then
      array[format(
        'larger than every live worker: it asks for %s cpu and %s MB%s, the largest have %s cpu and %s MB',
        trim_scale(min(l.cpu_units)), min(l.memory_mb), coalesce(' and ' || nullif(min(l.resources::text), '{}'), ''), trim_scale(max(w.cpu_units)), max(w.memory_mb)
      )]
    else '{}'
  end
  from taskq_private.lanes as l
  cross join taskq_private.workers as w
  where l.lane_id = submit_warnings.lane_id
    and w.status = 'active'
    and l.type = any (w.types)
    and (w.queues is null or l.queue = any (w.queues));
$$;
comment on function taskq_private.submit_warnings(integer) is 'What a submitter should know about this lane as things stand.';
