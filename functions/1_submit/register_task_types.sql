-- A worker calls this at start with the tasks it has, so that submits of them are accepted.
-- Raises: TQ422 for a schema with a pattern that cannot be checked here; what check_task_types_* forbid.
create or replace function taskq.register_task_types(tasks jsonb)
returns setof text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.refuse_bad_patterns(tasks);
  perform taskq_private.check_resources(nullif(t.value -> 'resources', 'null')) from jsonb_array_elements(tasks) as t;
  return query
    insert into taskq_private.task_types as t (
      type, description, payload_schema, cpu_units, memory_mb, timeout_seconds, max_attempts,
      initial_delay_seconds, backoff_multiplier, max_delay_seconds, jitter, resources, registered_at, payload_test
    )
    select
      r.type, coalesce(r.description, ''), coalesce(r.payload_schema, '{}'), coalesce(r.cpu_units, 0), coalesce(r.memory_mb, 0),
      r.timeout_seconds, r.max_attempts, coalesce(r.initial_delay_seconds, 1), coalesce(r.backoff_multiplier, 2),
      coalesce(r.max_delay_seconds, 3600), coalesce(r.jitter, 0.1), coalesce(r.resources, '{}'), taskq_private.clock(),
      taskq_private.payload_test(coalesce(r.payload_schema, '{}'))
    from jsonb_to_recordset(tasks) as r (
      type text, description text, payload_schema jsonb, cpu_units numeric, memory_mb integer, timeout_seconds integer, max_attempts smallint,
      initial_delay_seconds real, backoff_multiplier real, max_delay_seconds real, jitter real, resources jsonb
    )
    order by r.type
    on conflict (type) do update set
      description = excluded.description,
      payload_schema = excluded.payload_schema,
      cpu_units = excluded.cpu_units,
      memory_mb = excluded.memory_mb,
      timeout_seconds = excluded.timeout_seconds,
      max_attempts = excluded.max_attempts,
      initial_delay_seconds = excluded.initial_delay_seconds,
      backoff_multiplier = excluded.backoff_multiplier,
      max_delay_seconds = excluded.max_delay_seconds,
      jitter = excluded.jitter,
      resources = excluded.resources,
      registered_at = excluded.registered_at,
      payload_test = excluded.payload_test
    returning t.type;
end;
$$;
comment on function taskq.register_task_types(jsonb) is
  'Registers job types or changes them: a list of {"type", "description", "payload_schema", "cpu_units", "memory_mb", "timeout_seconds", "max_attempts", "initial_delay_seconds", "backoff_multiplier", "max_delay_seconds", "jitter", "resources"}. Answers the types. A field left out gets its default, whatever it was before. TQ422 for a field that is wrong. Example: select taskq.register_task_types(''[{"type": "resize", "cpu_units": 1, "memory_mb": 256, "timeout_seconds": 60}]'').';
