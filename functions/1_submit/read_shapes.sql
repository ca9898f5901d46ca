-- Shapes -> what their jobs have in common: the type with its defaults, and the lane if there is one. takes_all and takes_objects, and
-- schema_is_open(), are only there for statements that a migration finds under way: payload_test says it now. They go a release later.
create or replace function taskq_private.read_shapes(shapes jsonb)
returns table (
  shape jsonb, lane_id integer, type text, queue text, priority smallint, cpu_units numeric, memory_mb integer, resources jsonb,
  max_attempts smallint, timeout_seconds integer, initial_delay_seconds real, backoff_multiplier real, max_delay_seconds real, jitter real,
  created_by text, on_dependency_failure taskq.dependency_failure_policy, expected_seconds real, concurrency_key text, concurrency_limit integer, is_known boolean, takes_all boolean, takes_objects boolean
)
language sql
stable
as $$
  select
    e.value, l.lane_id, r.type, s.queue, s.priority, s.cpu_units, s.memory_mb, s.resources,
    coalesce(c.max_attempts, t.max_attempts, d.default_max_attempts)::smallint,
    coalesce(r.timeout_seconds, t.timeout_seconds, d.default_timeout_seconds)::integer,
    coalesce(round(c.initial_delay_seconds, 6)::real, t.initial_delay_seconds),
    coalesce(round(c.backoff_multiplier, 6)::real, t.backoff_multiplier),
    coalesce(round(c.max_delay_seconds, 6)::real, t.max_delay_seconds),
    coalesce(round(c.jitter, 6)::real, t.jitter),
    coalesce(r.created_by, taskq_private.actor()), coalesce(r.on_dependency_failure, 'cancel')::taskq.dependency_failure_policy,
    r.expected_seconds::real, r.concurrency_key, r.concurrency_limit::integer,
    t.type is not null, t.payload_schema = '{}', taskq_private.schema_is_open(t.payload_schema)
  from jsonb_array_elements(shapes) as e
  cross join (select * from taskq_private.settings limit 1) as d -- one row, as the planner should know
  cross join lateral jsonb_to_record(e.value) as r (
    type text, queue text, priority text, timeout_seconds numeric, created_by text, on_dependency_failure text, expected_seconds numeric,
    concurrency_key text, concurrency_limit numeric, resource_requirements jsonb, retry_config jsonb
  )
  cross join lateral jsonb_to_record(coalesce(nullif(r.retry_config, 'null'), '{}')) as c (
    max_attempts numeric, initial_delay_seconds numeric, backoff_multiplier numeric, max_delay_seconds numeric, jitter numeric
  )
  cross join lateral jsonb_to_record(coalesce(nullif(r.resource_requirements, 'null'), '{}')) as n (cpu_units numeric, memory_mb numeric)
  left join taskq_private.task_types as t on t.type = r.type
  cross join lateral (
    select
      coalesce(r.queue, 'default'),
      coalesce(taskq_private.priority_of(r.priority), 3::smallint),
      round(coalesce(n.cpu_units, t.cpu_units), 3),
      coalesce(n.memory_mb, t.memory_mb)::integer,
      case when r.resource_requirements - '{cpu_units,memory_mb}'::text[] <> '{}' or t.resources <> '{}'
        then taskq_private.resources_of(t.resources, r.resource_requirements) else '{}' end
  ) as s (queue, priority, cpu_units, memory_mb, resources)
  left join lateral (
    select l.lane_id
    from taskq_private.lanes as l
    where l.queue = s.queue and l.type = r.type and l.priority = s.priority and l.cpu_units = s.cpu_units and l.memory_mb = s.memory_mb
      and l.resources = s.resources
    offset 0 -- each is looked up by itself: a join that was planned while there were few would read all of them
  ) as l on true;
$$;
comment on function taskq_private.read_shapes(jsonb) is 'Reads the shapes of good requests.';
