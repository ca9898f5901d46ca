-- The shape of a request that names a known type, and a lane that is there: all that request_fields would say of it is said by
-- having found them. None comes back for any other, right or wrong.
create or replace function taskq_private.plain_lane(shape jsonb)
returns table (
  lane_id integer, has_needs boolean, payload_test jsonpath, max_attempts integer, timeout_seconds integer,
  initial_delay_seconds real, backoff_multiplier real, max_delay_seconds real, jitter real
)
language sql
stable
as $$
  select
    l.lane_id, t.cpu_units > 0 or t.memory_mb > 0, t.payload_test, coalesce(t.max_attempts, d.default_max_attempts),
    coalesce(t.timeout_seconds, d.default_timeout_seconds), t.initial_delay_seconds, t.backoff_multiplier, t.max_delay_seconds, t.jitter
  from taskq_private.task_types as t
  cross join taskq_private.settings as d
  join taskq_private.lanes as l on l.type = t.type and l.queue = coalesce(shape ->> 'queue', 'default')
    and l.priority = coalesce(taskq_private.priority_of(shape ->> 'priority'), 3::smallint)
    and l.cpu_units = t.cpu_units and l.memory_mb = t.memory_mb and l.resources = t.resources
  where t.type = shape ->> 'type'
    and t.resources = '{}'
    and shape - '{type,queue,priority}'::text[] = '{}'
    and jsonb_typeof(shape -> 'type') = 'string'
    and coalesce(jsonb_typeof(shape -> 'queue'), 'string') = 'string'
    and (not shape ? 'priority' or taskq_private.priority_of(shape ->> 'priority') is not null);
$$;
comment on function taskq_private.plain_lane(jsonb) is 'The lane of plain jobs of this shape, and what their type says of them.';
