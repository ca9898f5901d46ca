-- Requests -> submissions: checked, typed, with the defaults of their type, and the lane if one of that shape exists. How many
-- dependencies are asked for is counted; read_dependencies() finds out which.
-- What jobs have of their own is looked at only if some have it, and request_error() asked only about what is not plainly good:
-- each test costs less than the call that it saves. Payloads that do not plainly fit the schema of their type are left to
-- check_payloads().
create or replace function taskq_private.read_requests(requests jsonb, submitted_at timestamptz)
returns taskq_private.submission[]
language plpgsql
volatile
as $$
declare
  v_micros bigint := taskq_private.micros_of(submitted_at);
  v_seen record;
  v_errors jsonb := '{}';
begin
  v_seen := taskq_private.shapes_of(requests, v_errors);
  if exists (select from taskq_private.broken_fields(case when v_seen.some_have_own then requests else v_seen.shapes end)) then
    v_errors := (select jsonb_object_agg(b.ordinal, b.error) from taskq_private.check_requests(requests) as b);
    v_seen := taskq_private.shapes_of(requests, v_errors);
  end if;

  return array(
    select row(
      q.ordinality::integer,
      case
        when q.error is not null then q.error
        when s.is_known is not true or s.concurrency_limit is not null or pg_column_size(p.payload) > 1048576
          or taskq_private.is_too_deep(p.payload) or r.run_at is not null and taskq_private.to_instant(r.run_at) is null
          or r.depends_on @? 'strict $[*] ? (@.type() != "string" || @ == "")'
          then taskq_private.request_error(q.request, s.type, s.is_known, p.payload, r.run_at)
      end,
      taskq_private.job_id_of(v_micros + q.ordinality),
      false,
      s.lane_id, s.type, s.queue, s.priority, s.cpu_units, s.memory_mb, p.payload,
      s.max_attempts, s.timeout_seconds, s.initial_delay_seconds, s.backoff_multiplier, s.max_delay_seconds, s.jitter,
      taskq_private.to_instant(r.run_at), s.created_by,
      coalesce(r.name, case jsonb_typeof(q.request -> 'name') when 'string' then left(q.request ->> 'name', 200) end), r.idempotency_key,
      case when r.idempotency_key is not null then sha256(convert_to((q.request - '{idempotency_key,created_by,trace_context}'::text[])::text, 'UTF8')) end,
      nullif(r.metadata, 'null'), r.trace_context,
      null::uuid[], coalesce(jsonb_array_length(nullif(r.depends_on, 'null')), 0), null::uuid,
      s.on_dependency_failure, null::uuid, null::taskq.dependency_condition[],
      s.resources, s.expected_seconds, s.concurrency_key, s.concurrency_limit,
      jsonb_path_match(p.payload, t.payload_test, '{}', true) is not true
    )::taskq_private.submission
    from (
      select e.ordinality, e.value as request, v_errors -> e.ordinality::text as error
      from jsonb_array_elements(requests) with ordinality as e (value, ordinality)
    ) as q
    left join taskq_private.read_shapes(v_seen.shapes) as s
      on s.shape = case when q.error is null then taskq_private.shape_of(q.request) end
    left join taskq_private.task_types as t on t.type = s.type
    cross join lateral jsonb_to_record(case when q.error is null then q.request else '{}' end) as r (
      payload jsonb, run_at text, idempotency_key text, metadata jsonb, name text, trace_context text, depends_on jsonb
    )
    cross join lateral (select coalesce(nullif(r.payload, 'null'), '{}')) as p (payload)
    order by q.ordinality
  );
end;
$$;
comment on function taskq_private.read_requests(jsonb, timestamptz) is 'Reads a list of requests into submissions, an error in the row where one is bad.';
