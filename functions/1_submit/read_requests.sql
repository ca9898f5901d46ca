-- Requests -> submissions: checked, typed, with the defaults of their type, and the lane if one of that shape exists. How many
-- dependencies are asked for is counted; read_dependencies() finds out which.
create or replace function taskq_private.read_requests(requests jsonb, submitted_at timestamptz)
returns setof taskq_private.submission
language sql
volatile
as $$
  select
    q.ordinality::integer,
    coalesce(q.error, taskq_private.request_error(q.request, r.type, t.payload_schema, p.payload, r.run_at)),
    taskq_private.job_id_at(submitted_at, q.ordinality::integer),
    false,
    l.lane_id,
    r.type, s.queue, s.priority, s.cpu_units, s.memory_mb, p.payload,
    coalesce(c.max_attempts, t.max_attempts, d.default_max_attempts)::smallint,
    coalesce(r.timeout_seconds, t.timeout_seconds, d.default_timeout_seconds)::integer,
    coalesce(round(c.initial_delay_seconds, 6)::real, t.initial_delay_seconds),
    coalesce(round(c.backoff_multiplier, 6)::real, t.backoff_multiplier),
    coalesce(round(c.max_delay_seconds, 6)::real, t.max_delay_seconds),
    coalesce(round(c.jitter, 6)::real, t.jitter),
    taskq_private.to_instant(r.run_at),
    coalesce(r.created_by, taskq_private.actor()),
    coalesce(r.name, case jsonb_typeof(q.request -> 'name') when 'string' then left(q.request ->> 'name', 200) end), r.idempotency_key,
    case when r.idempotency_key is not null then sha256(convert_to((q.request - 'idempotency_key' - 'created_by' - 'trace_context')::text, 'UTF8')) end,
    nullif(r.metadata, 'null'), r.trace_context,
    null::uuid[], coalesce(jsonb_array_length(nullif(r.depends_on, 'null')), 0), null::uuid,
    coalesce(r.on_dependency_failure, 'cancel')::taskq.dependency_failure_policy, null::uuid, null::taskq.dependency_condition[],
    s.resources, r.expected_seconds::real, r.concurrency_key, r.concurrency_limit::integer
  from (
    select e.ordinality, e.value as request, b.error
    from jsonb_array_elements(requests) with ordinality as e (value, ordinality)
    left join taskq_private.check_requests(requests) as b on b.ordinal = e.ordinality
  ) as q
  cross join taskq_private.settings as d
  cross join lateral jsonb_to_record(case when q.error is null then q.request else '{}' end) as r (
    type text, queue text, priority text, payload jsonb, run_at text, timeout_seconds numeric, idempotency_key text, metadata jsonb,
    name text, created_by text, trace_context text, depends_on jsonb, on_dependency_failure text, expected_seconds numeric, concurrency_key text,
    concurrency_limit numeric, resource_requirements jsonb, retry_config jsonb
  )
  cross join lateral jsonb_to_record(coalesce(nullif(r.retry_config, 'null'), '{}')) as c (
    max_attempts numeric, initial_delay_seconds numeric, backoff_multiplier numeric, max_delay_seconds numeric, jitter numeric
  )
  cross join lateral jsonb_to_record(coalesce(nullif(r.resource_requirements, 'null'), '{}')) as n (cpu_units numeric, memory_mb numeric)
  cross join lateral (select coalesce(nullif(r.payload, 'null'), '{}')) as p (payload)
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
  left join taskq_private.lanes as l
    on l.queue = s.queue and l.type = r.type and l.priority = s.priority and l.cpu_units = s.cpu_units and l.memory_mb = s.memory_mb
    and l.resources = s.resources;
$$;
comment on function taskq_private.read_requests(jsonb, timestamptz) is 'Reads a list of requests into submissions, an error in the row where one is bad.';
