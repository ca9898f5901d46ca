-- nothing -> ready. The short path of a job that has nothing of its own but a payload, is of a known type, and goes to a lane that
-- is there: then all that request_fields would say is said by having found them. Anything else, and whatever may be wrong, is left to
-- submit_requests(), which would store the same rows. A third of its work, and less still for a session whose caches are cold.
create or replace function taskq_private.submit_plain(request jsonb, submitted_at timestamptz, out job_id uuid, out warnings text[])
language plpgsql
volatile
as $$
declare
  v_payload jsonb := coalesce(nullif(request -> 'payload', 'null'), '{}');
  v_type record;
begin
  if jsonb_typeof(request) <> 'object' or request - '{type,queue,priority,payload}'::text[] <> '{}'
    or jsonb_typeof(request -> 'type') is distinct from 'string' or jsonb_typeof(request -> 'queue') <> 'string'
    or request ? 'priority' and taskq_private.priority_of(request ->> 'priority') is null
    or pg_column_size(v_payload) > 1048576 or taskq_private.is_too_deep(v_payload)
  then
    return;
  end if;
  select
    l.lane_id, t.cpu_units > 0 or t.memory_mb > 0 as has_needs, t.payload_schema, t.payload_test, coalesce(t.max_attempts, d.default_max_attempts) as max_attempts,
    coalesce(t.timeout_seconds, d.default_timeout_seconds) as timeout_seconds, t.initial_delay_seconds, t.backoff_multiplier, t.max_delay_seconds, t.jitter
  into v_type
  from taskq_private.task_types as t
  cross join taskq_private.settings as d
  join taskq_private.lanes as l on l.type = t.type and l.queue = coalesce(request ->> 'queue', 'default')
    and l.priority = coalesce(taskq_private.priority_of(request ->> 'priority'), 3::smallint)
    and l.cpu_units = t.cpu_units and l.memory_mb = t.memory_mb and l.resources = t.resources
  where t.type = request ->> 'type' and t.resources = '{}';
  if not found or jsonb_path_match(v_payload, v_type.payload_test, '{}', true) is not true
    and taskq_private.schema_error(v_payload, v_type.payload_schema, 'payload') is not null then
    return;
  end if;

  with spec as (
    insert into taskq_private.job_specs (
      job_id, lane_id, payload, max_attempts, timeout_seconds, initial_delay_seconds, backoff_multiplier, max_delay_seconds, jitter, created_at, created_by
    )
    values (
      taskq_private.job_id_of(taskq_private.micros_of(submitted_at) + 1), v_type.lane_id, v_payload, v_type.max_attempts, v_type.timeout_seconds,
      v_type.initial_delay_seconds, v_type.backoff_multiplier, v_type.max_delay_seconds, v_type.jitter,
      submitted_at + interval '1 microsecond', taskq_private.actor()
    )
    returning job_specs.job_id, job_specs.lane_id
  ), ready as (
    insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
    select s.lane_id, s.job_id, submitted_at, 1 from spec as s
  ), event as (
    insert into taskq_private.job_events (at, event, job_ids, lane_ids)
    select taskq_private.clock(), 'job_submitted', array[s.job_id], array[s.lane_id] from spec as s
  )
  select s.job_id into submit_plain.job_id from spec as s;
  perform taskq_private.hint('events');
  perform taskq_private.hint('ready');
  warnings := case when v_type.has_needs then taskq_private.submit_warnings(v_type.lane_id) else '{}' end;
end;
$$;
comment on function taskq_private.submit_plain(jsonb, timestamptz) is 'Stores a plain job; null where it is not plain, or may be wrong.';
