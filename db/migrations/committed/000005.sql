--! Previous: sha1:29353767d94ff234f51458fabac81e2d204701f2
--! Hash: sha1:ac6d07e092b5f35ac968ab219cdd3c7703364eea

--! split: 1-current.sql
set local role taskq_owner;


-- what most payloads are checked by
--! Included 0_base/value_test.sql
-- A predicate that holds only where schema_error() would find nothing; 1 == 0 where that cannot be said in jsonpath (lengths, patterns,
-- what is inside). schema_error() ignores whatever stands beside anyOf, and keywords that are not known here.
create or replace function taskq_private.value_test(schema jsonb, at text)
returns text
language plpgsql
immutable
as $$
declare
  v_choices jsonb := coalesce(schema -> 'anyOf', schema -> 'oneOf');
  v_types jsonb := case jsonb_typeof(schema -> 'type') when 'array' then schema -> 'type' else jsonb_build_array(schema -> 'type') end;
  v_range text := concat(' && ' || at || ' >= ' || (schema ->> 'minimum'), ' && ' || at || ' <= ' || (schema ->> 'maximum'));
begin
  if schema in ('{}', 'true') then
    return '1 == 1';
  elsif v_choices is not null then
    return (
      select coalesce('(' || string_agg(taskq_private.value_test(c.value, at), ' || ') || ')', '1 == 0')
      from jsonb_array_elements(case jsonb_typeof(v_choices) when 'array' then v_choices end) as c
    );
  elsif schema ->> 'type' = 'string' and schema -> 'minLength' = '1' and not schema ?| '{const,enum,maxLength,pattern}' then
    return format('(%s.type() == "string" && %1$s != "")', at);
  elsif not schema ? 'type' or jsonb_path_exists(jsonb_build_array(schema -> 'minimum', schema -> 'maximum'), '$[*] ? (@.type() != "number" && @ != null)')
    or schema ?| '{const,enum,minLength,maxLength,pattern,exclusiveMinimum,exclusiveMaximum,minItems,maxItems,items,required,properties}'
    or coalesce(schema -> 'additionalProperties', 'true') not in ('{}', 'true')
  then
    return '1 == 0';
  end if;
  return (
    select '(' || string_agg(
      case t.type
        when 'integer' then format('%s.type() == "number" && %1$s.floor() == %1$s%s', at, v_range)
        when 'number' then format('%s.type() == "number"%s', at, v_range)
        else format('%s.type() == %s', at, to_jsonb(t.type))
      end, ' || ') || ')'
    from jsonb_array_elements_text(v_types) as t (type)
  );
end;
$$;
comment on function taskq_private.value_test(jsonb, text) is 'A jsonpath predicate for a value that plainly fits a JSON Schema.';
--! EndIncluded 0_base/value_test.sql
--! Included 0_base/payload_test.sql
-- JSON Schema -> a jsonpath predicate that holds only where schema_error() would find nothing, made once, when the type is registered
-- (task_types.payload_test): most payloads then cost one call of jsonb_path_match(). Null, and false, mean "ask schema_error()".
create or replace function taskq_private.payload_test(schema jsonb)
returns jsonpath
language plpgsql
immutable
as $$
declare
  v_properties jsonb := coalesce(schema -> 'properties', '{}');
  v_required jsonb := coalesce(schema -> 'required', '[]');
  v_is_open boolean := coalesce(schema -> 'additionalProperties', 'true') in ('{}', 'true');
begin
  if schema = '{}' then
    return '1 == 1';
  elsif schema -> 'type' is distinct from '"object"' or schema ?| '{anyOf,oneOf,const,enum}'
    or jsonb_typeof(v_properties) <> 'object' or jsonb_path_exists(v_required, 'strict $ ? (@.type() != "array" || @[*].type() != "string")')
  then
    return null;
  end if;
  return (
    select string_agg(p.test, ' && ')
    from (
      select '$.type() == "object"'
      union all
      select format('exists($.%s)', r.name) from jsonb_array_elements(v_required) as r (name)
      union all
      select format('(!exists($.%s) || %s)', to_jsonb(f.key), taskq_private.value_test(f.value, concat('$.', to_jsonb(f.key))))
      from jsonb_each(v_properties) as f
      where f.value not in ('{}', 'true')
      union all
      select '!exists($.keyvalue()' || coalesce(' ? (!(' || string_agg(concat('@.key == ', to_jsonb(k)), ' || ') || '))', '') || ')'
      from jsonb_object_keys(v_properties) as k
      having not v_is_open
    ) as p (test)
  )::jsonpath;
end;
$$;
comment on function taskq_private.payload_test(jsonb) is 'A jsonpath predicate for payloads that plainly fit a JSON Schema.';
--! EndIncluded 0_base/payload_test.sql
alter table taskq_private.task_types add column payload_test jsonpath;
update taskq_private.task_types set payload_test = taskq_private.payload_test(payload_schema);
comment on column taskq_private.task_types.payload_test is 'payload_test(payload_schema): holds for payloads that plainly fit; null where that cannot be said so.';


-- jobs that may be what killed their workers
create table taskq_private.suspects (
  job_id uuid constraint pk_suspects primary key,
  lane_id integer not null,
  suspected_at timestamptz not null,
  claim_id bigint
);
comment on table taskq_private.suspects is 'Jobs that two workers died with: each waits in ready_jobs, at the end of time, until a worker takes it alone.';
comment on column taskq_private.suspects.job_id is 'The job.';
comment on column taskq_private.suspects.lane_id is 'Its lane.';
comment on column taskq_private.suspects.suspected_at is 'Since when; first come, first served.';
comment on column taskq_private.suspects.claim_id is 'The claim under which it last ran alone.';
comment on column taskq_private.ready_jobs.ready_at is 'Since when; first come, first served within a lane. Infinity for suspects, which no line has.';

--! Included 0_base/start_timeline.sql
-- A standby that takes over may lack what was committed last, and would give its ids again: a late report would pass the fence, and
-- readers of the stream would wait for ids that they have passed. So each timeline of PostgreSQL has 2^32 ids of its own. A session
-- that writes stays on its timeline, so it asks once.
-- Locks: advisory 1952541559 for the leap alone, which is at once seen by all and never undone.
create or replace function taskq_private.start_timeline()
returns void
language plpgsql
volatile
as $$
declare
  v_start bigint;
begin
  if current_setting('taskq.timeline', true) <> '' then
    return;
  end if;
  v_start := (('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint - 1) << 32;
  if v_start > (select least(c.last_value, e.last_value) from taskq_private.claim_ids as c, taskq_private.event_ids as e) then
    perform pg_advisory_lock(1952541559);
    perform setval('taskq_private.claim_ids', v_start) from taskq_private.claim_ids as c where c.last_value < v_start;
    perform setval('taskq_private.event_ids', v_start) from taskq_private.event_ids as e where e.last_value < v_start;
    perform pg_advisory_unlock(1952541559);
  end if;
  perform set_config('taskq.timeline', v_start::text, false);
end;
$$;
comment on function taskq_private.start_timeline() is 'Sees to it that no claim_id and no event_id comes twice, whatever a failover has lost.';
--! EndIncluded 0_base/start_timeline.sql
--! Included 0_base/record_event.sql
-- One row a batch of transitions. The hint goes out only with the commit, and at most a few sessions send one at a time.
create or replace function taskq_private.record_event(
  event text, job_ids uuid[], lane_ids integer[], attempts smallint[] default null, data jsonb default null
)
returns void
language plpgsql
volatile
as $$
begin
  if cardinality(job_ids) > 0 then
    perform taskq_private.start_timeline();
    insert into taskq_private.job_events (at, event, job_ids, lane_ids, attempts, data)
    values (taskq_private.clock(), event, job_ids, lane_ids, attempts, data);
    perform taskq_private.hint('events');
  end if;
end;
$$;
comment on function taskq_private.record_event(text, uuid[], integer[], smallint[], jsonb) is
  'Writes what happened to these jobs into the stream.';
--! EndIncluded 0_base/record_event.sql
--! Included 0_base/record_queue_event.sql
create or replace function taskq_private.record_queue_event(event text, queue text)
returns void
language plpgsql
volatile
as $$
begin
  perform taskq_private.start_timeline();
  insert into taskq_private.job_events (at, event, job_ids, lane_ids, queue)
  values (taskq_private.clock(), event, '{}', '{}', queue);
  perform taskq_private.hint('events');
end;
$$;
comment on function taskq_private.record_queue_event(text, text) is 'Writes what happened to a queue into the stream.';
--! EndIncluded 0_base/record_queue_event.sql
--! Included 0_base/record_workflow_event.sql
create or replace function taskq_private.record_workflow_event(event text, workflow_id uuid)
returns void
language plpgsql
volatile
as $$
begin
  perform taskq_private.start_timeline();
  insert into taskq_private.job_events (at, event, job_ids, lane_ids, workflow_id)
  values (taskq_private.clock(), event, '{}', '{}', workflow_id);
  perform taskq_private.hint('events');
end;
$$;
comment on function taskq_private.record_workflow_event(text, uuid) is 'Writes what happened to a workflow into the stream.';
--! EndIncluded 0_base/record_workflow_event.sql
--! Included 1_submit/register_task_types.sql
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
  'Registers job types or changes them: a list of {"type", "description", "payload_schema", "cpu_units", "memory_mb", "timeout_seconds", "max_attempts", "initial_delay_seconds", "backoff_multiplier", "max_delay_seconds", "jitter", "resources"}. Answers the types.';
--! EndIncluded 1_submit/register_task_types.sql
--! Included 1_submit/read_shapes.sql
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
--! EndIncluded 1_submit/read_shapes.sql
--! Included 1_submit/read_requests.sql
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
--! EndIncluded 1_submit/read_requests.sql
--! Included 1_submit/plain_lane.sql
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
--! EndIncluded 1_submit/plain_lane.sql
--! Included 1_submit/is_plain_payload.sql
create or replace function taskq_private.is_plain_payload(payload jsonb, test jsonpath)
returns boolean
language sql
stable
as $$
  select pg_column_size(payload) <= 1048576 and not taskq_private.is_too_deep(payload) and jsonb_path_match(payload, test, '{}', true) is true;
$$;
comment on function taskq_private.is_plain_payload(jsonb, jsonpath) is 'Whether a payload is within the limits and plainly fits its schema, by task_types.payload_test.';
--! EndIncluded 1_submit/is_plain_payload.sql
--! Included 1_submit/submit_plain.sql
-- nothing -> ready. The short path of a list whose jobs have nothing of their own but a payload, and are else alike: of a known type,
-- for a lane that is there. Most single jobs are such a list. What is not plain, and whatever may be wrong, is left to
-- submit_requests(), which would store the same rows.
create or replace function taskq_private.submit_plain(requests jsonb, submitted_at timestamptz, out job_ids uuid[], out warnings text[])
language plpgsql
volatile
as $$
declare
  v_micros bigint := taskq_private.micros_of(submitted_at);
  v_first jsonb := coalesce(nullif(requests -> 0 -> 'payload', 'null'), '{}');
  v_shape jsonb := case jsonb_typeof(requests -> 0) when 'object' then (requests -> 0) - 'payload' end;
  v_lane record;
  v_is_plain boolean;
begin
  select * into v_lane from taskq_private.plain_lane(v_shape);
  if not found or not taskq_private.is_plain_payload(v_first, v_lane.payload_test) then
    return;
  end if;
  if jsonb_array_length(requests) > 1 then
    select bool_and(
      jsonb_typeof(e.value) = 'object' and e.value - 'payload' = v_shape
      and taskq_private.is_plain_payload(coalesce(nullif(e.value -> 'payload', 'null'), '{}'), v_lane.payload_test)
    )
    into v_is_plain
    from jsonb_array_elements(requests) as e;
    if not v_is_plain then
      return;
    end if;
  end if;

  with spec as (
    insert into taskq_private.job_specs (
      job_id, lane_id, payload, max_attempts, timeout_seconds, initial_delay_seconds, backoff_multiplier, max_delay_seconds, jitter, created_at, created_by
    )
    select
      taskq_private.job_id_of(v_micros + e.ordinality), v_lane.lane_id, coalesce(nullif(e.value -> 'payload', 'null'), '{}'),
      v_lane.max_attempts, v_lane.timeout_seconds, v_lane.initial_delay_seconds, v_lane.backoff_multiplier, v_lane.max_delay_seconds, v_lane.jitter,
      submitted_at + e.ordinality * interval '1 microsecond', taskq_private.actor()
    from jsonb_array_elements(requests) with ordinality as e (value, ordinality)
    returning job_specs.job_id
  ), ready as (
    insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
    select v_lane.lane_id, s.job_id, submitted_at, 1 from spec as s
  )
  select array_agg(s.job_id) into job_ids from spec as s; -- in their order
  perform taskq_private.record_event('job_submitted', job_ids, array_fill(v_lane.lane_id, array[cardinality(job_ids)]));
  perform taskq_private.hint('ready');
  warnings := case when v_lane.has_needs then taskq_private.submit_warnings(v_lane.lane_id) else '{}' end;
end;
$$;
comment on function taskq_private.submit_plain(jsonb, timestamptz) is 'Stores a list of plain jobs; nothing, and null, where it is not plain or may be wrong.';
--! EndIncluded 1_submit/submit_plain.sql
--! Included 1_submit/submit_each.sql
-- nothing -> pending | blocked | ready. Every job of the list is answered for itself: a bad one gets an error as a value
-- and harms no other. Doors gather concurrent submits into one call of this.
-- Calls: submit_plain, submit_requests. Locks: idempotency keys in order, then the places of dependencies.
create or replace function taskq.submit_each(requests jsonb)
returns table ("position" integer, job_id uuid, status taskq.job_status, created boolean, warnings text[], error jsonb)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
  v_jobs taskq_private.submission[];
  v_plain record;
begin
  if jsonb_typeof(requests) is distinct from 'array' then
    perform taskq_private.raise_error(taskq_private.invalid('jobs', 'jobs must be a list of objects'));
  end if;
  v_plain := taskq_private.submit_plain(requests, v_now);
  if v_plain.job_ids is not null then
    return query
      select p.ordinality::integer - 1, p.job_id, 'ready'::taskq.job_status, true, v_plain.warnings, null::jsonb
      from unnest(v_plain.job_ids) with ordinality as p (job_id, ordinality);
    return;
  end if;
  v_jobs := taskq_private.submit_requests(requests, v_now, false);

  return query
    select
      j.ordinal - 1,
      case when j.error is null then j.job_id end,
      taskq_private.submission_status(j, v_now),
      j.error is null and j.repeated is not true,
      case when j.cpu_units > 0 or j.memory_mb > 0 or j.resources <> '{}' -- else it fits everywhere, and no lane is looked at
        then array(select jsonb_array_elements_text((select taskq_private.lane_warnings(v_jobs)) -> j.lane_id::text)) else '{}' end,
      j.error
    from unnest(v_jobs) as j;
end;
$$;
comment on function taskq.submit_each(jsonb) is
  'Submits a list of unrelated jobs in one transaction and answers each for itself: job_id, status and warnings, or an error {"code", "field", "message"}. Positions count from 0.';
--! EndIncluded 1_submit/submit_each.sql
--! Included 1_submit/submit_job.sql
-- nothing -> pending | blocked | ready. One job; the same path as a batch.
-- Calls: submit_each. Locks: its idempotency key, then the places of its dependencies. Raises: what submit_each answers.
create or replace function taskq.submit_job(
  type text,
  payload jsonb default '{}',
  queue text default null,
  priority text default null,
  run_at timestamptz default null,
  depends_on uuid[] default null,
  cpu_units numeric default null,
  memory_mb integer default null,
  max_attempts integer default null,
  timeout_seconds integer default null,
  retry_config jsonb default null,
  idempotency_key text default null,
  metadata jsonb default null,
  name text default null,
  condition taskq.dependency_condition default null,
  on_dependency_failure text default null,
  resources jsonb default null,
  concurrency_key text default null,
  concurrency_limit integer default null,
  expected_seconds numeric default null,
  out job_id uuid,
  out status taskq.job_status,
  out created boolean,
  out warnings text[]
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_request jsonb := jsonb_build_object('type', type, 'payload', coalesce(payload, '{}'));
  v_job record;
begin
  if num_nonnulls(
    queue, priority, run_at, depends_on, cpu_units, memory_mb, max_attempts, timeout_seconds, retry_config, idempotency_key, metadata, name,
    on_dependency_failure, resources, concurrency_key, concurrency_limit, expected_seconds
  ) > 0 then
    v_request := v_request || jsonb_build_object('metadata', metadata) || jsonb_strip_nulls(jsonb_build_object(
      'queue', queue, 'priority', priority, 'run_at', coalesce(to_char(run_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), run_at::text),
      'depends_on', (select jsonb_agg(jsonb_build_object('job', d, 'condition', coalesce(condition, 'success'))) from unnest(depends_on) as d),
      'on_dependency_failure', on_dependency_failure, 'timeout_seconds', timeout_seconds, 'idempotency_key', idempotency_key, 'name', name,
      'resource_requirements', nullif(coalesce(resources, '{}') || jsonb_strip_nulls(jsonb_build_object('cpu_units', cpu_units, 'memory_mb', memory_mb)), '{}'),
      'concurrency_key', concurrency_key, 'concurrency_limit', concurrency_limit, 'expected_seconds', expected_seconds,
      'retry_config', nullif(coalesce(retry_config, '{}') || jsonb_strip_nulls(jsonb_build_object('max_attempts', max_attempts)), '{}')
    ));
  end if;

  select * into v_job from taskq.submit_each(jsonb_build_array(v_request));
  if v_job.error is not null then
    perform taskq_private.raise_error(v_job.error);
  end if;
  job_id := v_job.job_id;
  status := v_job.status;
  created := v_job.created;
  warnings := v_job.warnings;
end;
$$;
comment on function taskq.submit_job(
  text, jsonb, text, text, timestamptz, uuid[], numeric, integer, integer, integer, jsonb, text, jsonb, text, taskq.dependency_condition, text, jsonb, text, integer, numeric
) is
  'Submits one job of a registered type. priority is critical, high, normal, low or 1 (first) to 10. depends_on are jobs to wait for, condition what of each: success, failure or finished. resources is what it takes beside cpu and memory, of its worker or of a pool: {"gpu": 1}. Under a known idempotency_key it answers with the first job and created = false. Example: select * from taskq.submit_job(''echo'', ''{"message": "hi"}'', priority => ''high'').';
--! EndIncluded 1_submit/submit_job.sql
--! Included 3_claim/claim_next_job.sql
-- ready -> running. One round trip: record the outcomes that have gathered, then take the best set of jobs that fits.
-- Deciding is done on lanes, not on jobs: plan_claim() says how many rows to take from the head of which lane, and only
-- those rows are locked. All rows of a lane are alike, so whichever of them a rival has taken, the sum stays right.
-- Plans must not depend on statistics: the tables empty and fill within seconds. So: generic plans, by index.
-- Locks: this worker's row if it takes jobs, the claims of the outcomes, the pools concerned, then ready rows (skip locked). Raises: TQ412 for an ended worker.
create or replace function taskq.claim_next_job(
  worker_id uuid,
  max_jobs integer default 1,
  outcomes jsonb default null,
  out claim_id bigint,
  out jobs json,
  out rejected uuid[],
  out cancel_requested uuid[],
  out next_due_in_seconds double precision
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_worker taskq_private.workers;
  v_due_at timestamptz;
  v_is_more boolean := false;
  v_goes_alone boolean; -- then more may fit beside it or after it than one look finds
  v_tokens_in double precision;
begin
  if outcomes is not null or not taskq_private.is_idle(worker_id) then
    v_worker := taskq_private.lock_worker(worker_id, max_jobs > 0);
    if outcomes is not null then
      v_is_more := max_jobs = 0 and taskq_private.may_make_room(outcomes);
      rejected := taskq_private.finish_attempts(outcomes, worker_id);
    end if;
    v_is_more := taskq_private.settle_chunk() or outcomes is null and taskq_private.cancel_workflows() or v_is_more;
  end if;

  v_due_at := taskq_private.first_due_at();
  if v_due_at <= taskq_private.clock() then
    v_worker := taskq_private.lock_worker(worker_id, max_jobs > 0);
    perform taskq_private.promote_due_jobs(1000, v_due_at);
    v_due_at := taskq_private.first_due_at();
  end if;
  if v_worker.status = 'active' and max_jobs > 0 then
    v_goes_alone := exists (select from taskq_private.reservations as r where r.worker_id = claim_next_job.worker_id) or exists (select from taskq_private.suspects);
    select t.claim_id, t.jobs into claim_next_job.claim_id, claim_next_job.jobs from taskq_private.take_jobs(v_worker, least(max_jobs, 100000)) as t;
    v_is_more := v_is_more or v_goes_alone and jobs is not null;
    perform taskq_private.note_found(jobs is not null);
    if exists (select from taskq_private.resource_pools as p where p.refill_per_second is not null) then
      v_tokens_in := taskq_private.tokens_in();
    end if;
  end if;

  jobs := coalesce(jobs, '[]');
  rejected := coalesce(rejected, '{}');
  cancel_requested := array(
    select r.job_id
    from taskq_private.cancel_requests as r
    cross join lateral (select c.worker_id from taskq_private.claims as c where c.claim_id = r.claim_id offset 0) as c
    where c.worker_id = claim_next_job.worker_id
  );
  next_due_in_seconds := case when v_is_more then 0 else least(extract(epoch from v_due_at - taskq_private.clock())::double precision, v_tokens_in) end;
end;
$$;
comment on function taskq.claim_next_job(uuid, integer, jsonb) is
  'Takes the best jobs that fit this worker now, at most max_jobs, under one claim_id; jobs is a list of {"job_id", "type", "queue", "attempt", "max_attempts", "timeout_seconds", "payload", "trace_context"}. outcomes is a list of {"claim_id", "job_id", "outcome", "result", "error", "fatal", "retry_after_seconds", "duration_seconds", "logs"} to record first; rejected names those whose claim was lost. Call again within next_due_in_seconds; 0 says that there may be more at once. Example: select j.* from taskq.claim_next_job(:''worker'', 5) as c, json_to_recordset(c.jobs) as j (job_id uuid, type text, payload json).';
--! EndIncluded 3_claim/claim_next_job.sql
--! Included 3_claim/is_idle.sql
-- Most calls of a worker that waits find nothing, so they lock and write nothing. A look that reads much says no, so that what comes
-- after it remembers where to begin; and while jobs come, this would only be one look more (note_found).
create or replace function taskq_private.is_idle(worker_id uuid)
returns boolean
language plpgsql
volatile
as $$
declare
  v_read bigint := pg_stat_get_xact_blocks_fetched('taskq_private.ready_jobs'::regclass);
begin
  return coalesce(current_setting('taskq.lane_floors', true), '') = '' and coalesce(current_setting('taskq.found', true), '') = '' and exists (
    select
    from taskq_private.workers as w
    where w.worker_id = is_idle.worker_id
      and w.status in ('active', 'draining')
      and not exists (select from taskq_private.unsettled_jobs)
      and not exists (select from taskq_private.workflows as g where g.cancelled_down_to is not null)
      and not exists (select from taskq_private.reservations as o where o.worker_id = is_idle.worker_id)
      and not exists (
        select from taskq_private.ready_jobs as r
        where r.lane_id = any (array(
          select l.lane_id
          from taskq_private.lanes as l
          join taskq_private.queues as q on q.queue = l.queue
          where l.type = any (w.types)
            and (w.queues is null or l.queue = any (w.queues))
            and q.paused_at is null
            and l.cpu_units <= w.cpu_units
            and l.memory_mb <= w.memory_mb
        ))
      )
  ) and pg_stat_get_xact_blocks_fetched('taskq_private.ready_jobs'::regclass) - v_read <= 16;
end;
$$;
comment on function taskq_private.is_idle(uuid) is 'Whether a live worker has nothing to claim, to settle or to cancel: it need not even be locked.';
--! EndIncluded 3_claim/is_idle.sql
--! Included 3_claim/note_found.sql
-- A session whose last look found jobs does not ask is_idle() first: most of its looks will find more.
create or replace function taskq_private.note_found(has_found boolean)
returns void
language plpgsql
volatile
as $$
begin
  if has_found <> (coalesce(current_setting('taskq.found', true), '') <> '') then
    perform set_config('taskq.found', case when has_found then 'true' else '' end, false);
  end if;
end;
$$;
comment on function taskq_private.note_found(boolean) is 'Remembers, for this session, whether its last look at the lanes found jobs.';
--! EndIncluded 3_claim/note_found.sql
--! Included 3_claim/may_make_room.sql
-- What waits for a worker's cpu, memory or resources may fit once these have ended; what waits for pools is told by a hint.
create or replace function taskq_private.may_make_room(outcomes jsonb)
returns boolean
language sql
stable
as $$
  select exists (
    select
    from taskq_private.claims as c
    cross join unnest(c.lane_ids) as u (lane_id)
    join taskq_private.lanes as l on l.lane_id = u.lane_id
    where c.claim_id = any (array(select distinct (o.value ->> 'claim_id')::bigint from jsonb_array_elements(outcomes) as o))
      and (l.cpu_units > 0 or l.memory_mb > 0 or l.resources <> '{}')
  );
$$;
comment on function taskq_private.may_make_room(jsonb) is 'Whether jobs that are about to end hold what another may wait for.';
--! EndIncluded 3_claim/may_make_room.sql
--! Included 3_claim/plan_claim.sql
-- What this worker would take now. A job that is first in line and too large for what is free has it kept free; then only what
-- will not delay that job goes beside it, and once that job fits, it goes alone: who comes next is looked at anew.
-- Locks, in a claim: the pools concerned. A preview changes nothing, and takes a reservation that would be made as made.
create or replace function taskq_private.plan_claim(
  worker taskq_private.workers, max_jobs integer, is_claim boolean,
  out lane_ids integer[], out job_counts integer[], out handicaps interval[], out job_ids uuid[], out starts timestamptz[], out has_needs boolean
)
language plpgsql
volatile
as $$
declare
  v_free taskq_private.capacity := taskq_private.free_capacity(worker, is_claim);
  v_looked record := taskq_private.lane_levels(worker, v_free, is_claim);
  v_has_reserved boolean := exists (select from taskq_private.reservations as r where r.worker_id = worker.worker_id);
  v_is_kept boolean := false;
  v_large taskq_private.lanes;
  v_head record;
  v_stop_before timestamptz;
  v_front taskq_private.front;
  v_beside taskq_private.shadow;
  v_plan record;
begin
  if exists (select from taskq_private.suspects) then
    select * into v_is_kept, lane_ids, job_counts, handicaps, job_ids, starts, has_needs from taskq_private.plan_suspect(worker, is_claim);
  end if;
  if v_is_kept or v_looked.fronts is null and not v_has_reserved then
    return;
  end if;
  has_needs := v_looked.has_needs;
  if has_needs then
    v_free.others := v_free.others || taskq_private.lock_pools(v_looked.fronts, is_claim);
  end if;
  if v_looked.has_large or v_has_reserved then
    v_large := taskq_private.own_reservation(worker.worker_id, is_claim);
  end if;
  if v_large.lane_id is null and v_looked.has_large then
    v_head := taskq_private.large_head(worker, v_free, v_looked.fronts);
    v_stop_before := v_head.order_at;
    if v_head.is_first and (not is_claim or taskq_private.reserve_worker(worker.worker_id, v_head.job_id, (v_head.lane).lane_id)) then
      v_large := v_head.lane;
    end if;
  end if;

  if v_large.lane_id is null and cardinality(v_looked.fronts) = 1 and v_looked.fitting = 1 and not has_needs then
    v_front := v_looked.fronts[1]; -- the rows of a lane that is alone need not be weighed one by one
    job_counts := array[least(max_jobs, floor(v_free.cpu_units / nullif(v_front.cpu_units, 0)), floor(v_free.memory_mb / nullif(v_front.memory_mb, 0)))];
    select array[v_front.lane_id], array[v_front.handicap], array[v_front.ready_at] into lane_ids, handicaps, starts;
    return;
  elsif v_large.lane_id is null then
    v_plan := taskq_private.choose_lanes(v_looked.fronts, v_free, null, v_looked.levels, max_jobs, v_stop_before, null);
  elsif taskq_private.lane_fits(v_large, v_free) then
    v_large := taskq_private.first_reserved(worker, v_free, v_large);
    select array[v_large.lane_id], array[1], array[interval '0'], array['-infinity'::timestamptz] into lane_ids, job_counts, handicaps, starts;
    return;
  else
    v_beside := taskq_private.shadow_of(worker, v_free, v_large);
    v_plan := taskq_private.choose_lanes(v_looked.fronts, v_free, v_beside, v_looked.levels, max_jobs, null, greatest(5, 500 / greatest(v_looked.fitting, 1))::integer);
  end if;

  select v_plan.job_ids, array_agg(t.lane_id), array_agg(t.jobs), array_agg(t.handicap), array_agg(t.start)
  into job_ids, lane_ids, job_counts, handicaps, starts
  from (
    select u.lane_id, count(*)::integer as jobs, min(u.handicap) as handicap, min(u.ready_at) as start
    from unnest(v_plan.lane_ids, v_plan.handicaps, v_plan.ready_ats) as u (lane_id, handicap, ready_at)
    group by u.lane_id
    order by min(u.handicap)
  ) as t;
end;
$$;
comment on function taskq_private.plan_claim(taskq_private.workers, integer, boolean) is
  'The lanes to take jobs from, how many from each, what to add to ready_at for the effective order, and from where on; whether they take of more than cpu and memory; and, where not the first of a lane are meant, which jobs.';
--! EndIncluded 3_claim/plan_claim.sql
--! Included 3_claim/lane_levels.sql
-- One look at the lanes: each that has a ready job, and could be run by this worker when it has nothing else, shows where its
-- first row is (fronts); nothing later looks at other lanes, or before that row. Where no queue ages, a level of priority is done
-- with before the next is looked at: most claims are full after the first. A session that claims has floors (keep_floor): while an
-- old snapshot is held somewhere, taken rows cannot be removed, and a look that has to walk over many is not repeated. What
-- commits more than a tenth of a second behind a floor is found by the next full look, at the latest 20 times its length later.
create or replace function taskq_private.lane_levels(
  worker taskq_private.workers, free taskq_private.capacity, is_claim boolean default false,
  out levels smallint[], out has_large boolean, out has_needs boolean, out fitting bigint, out fronts taskq_private.front[]
)
language plpgsql
volatile
as $$
declare
  v_began timestamptz := taskq_private.clock();
  v_read bigint := pg_stat_get_xact_blocks_fetched('taskq_private.ready_jobs'::regclass);
  v_floor jsonb := case when is_claim then taskq_private.session_floor('taskq.lane_floors') end;
  v_floors jsonb := v_floor -> 'lanes';
begin
  select
    case
      when count(*) filter (where fit.is_now) = 0 then '{}'
      when count(*) filter (where fit.is_now) <= 8 or bool_or(q.aging_seconds is not null) then '{0}'
      else array_agg(distinct l.priority order by l.priority) filter (where fit.is_now)
    end,
    coalesce(bool_or(not fit.is_now or l.resources <> '{}'), false),
    coalesce(bool_or(needs.needs is not null), false),
    count(*) filter (where fit.is_now),
    array_agg(row(
      l.lane_id, l.priority, l.cpu_units, l.memory_mb, needs.needs,
      (l.priority - 1) * (coalesce(q.aging_seconds, 946080000) * interval '1 second'), head.ready_at
    )::taskq_private.front)
  into levels, has_large, has_needs, fitting, fronts
  from taskq_private.lanes as l
  join taskq_private.queues as q on q.queue = l.queue
  cross join lateral (
    select r.ready_at
    from taskq_private.ready_jobs as r
    where r.lane_id = l.lane_id and r.ready_at >= coalesce(to_timestamp((v_floors ->> l.lane_id::text)::float8), '-infinity') and r.ready_at < 'infinity'
    order by r.ready_at, r.job_id
    limit 1
  ) as head
  cross join lateral (select l.cpu_units <= free.cpu_units and l.memory_mb <= free.memory_mb) as fit (is_now)
  cross join lateral (select case when (select exists (select from taskq_private.resource_pools as p where p.queue is not null or p.type is not null)) or l.resources <> '{}' then taskq_private.lane_needs(l) end) as needs (needs)
  where l.type = any (worker.types)
    and (worker.queues is null or l.queue = any (worker.queues))
    and q.paused_at is null
    and l.cpu_units <= worker.cpu_units
    and l.memory_mb <= worker.memory_mb;

  if is_claim and pg_stat_get_xact_blocks_fetched('taskq_private.ready_jobs'::regclass) - v_read > 16 + 4 * coalesce(cardinality(fronts), 0) then
    perform taskq_private.keep_lane_floors(worker, v_floor, v_began, fronts);
  elsif is_claim and v_floor is null and current_setting('taskq.lane_floors', true) <> '' then
    perform set_config('taskq.lane_floors', '', false);
  end if;
end;
$$;
comment on function taskq_private.lane_levels(taskq_private.workers, taskq_private.capacity, boolean) is
  'The levels of priority to look at one after the other (0 for all at once), whether a job may be too large for what is free now, whether one takes of more than cpu and memory, how many lanes are not too large, and where each lane that has work begins.';
--! EndIncluded 3_claim/lane_levels.sql
--! Included 3_claim/lane_heads.sql
-- Each lane whose jobs fit what is free shows its first rows by ready_at, no more than depth, and than could fit where all of them
-- may be taken (max_jobs is given): one index probe, whatever lies behind. One whose pools have too little shows its first row, if
-- that has waited long enough. The rows of all lanes are merged in effective order: the first level of priority goes by ready_at
-- alone, each further level weighs as much as aging_seconds of waiting, or as 30 years where the queue has none: strict priority.
-- A row that is_cut may have more of its lane behind it. Plain SQL, so that it becomes part of the query that reads it.
create or replace function taskq_private.lane_heads(
  fronts taskq_private.front[], free taskq_private.capacity, max_jobs integer, level smallint, depth integer,
  waited_since timestamptz default null
)
returns table (lane_id integer, cpu_units numeric, memory_mb integer, needs jsonb, handicap interval, job_id uuid, ready_at timestamptz, is_cut boolean)
language sql
stable
as $$
  select f.lane_id, f.cpu_units, f.memory_mb, f.needs, f.handicap, head.job_id, head.ready_at, head.place = lane_heads.depth
  from unnest(fronts) as f
  cross join lateral (select f.needs is null or taskq_private.covers(free.others, f.needs)) as fit (is_covered)
  cross join lateral (
    select r.ready_at, r.job_id, row_number() over (order by r.ready_at, r.job_id) as place
    from taskq_private.ready_jobs as r
    where r.lane_id = f.lane_id and r.ready_at >= f.ready_at and r.ready_at < 'infinity'
    order by r.ready_at, r.job_id
    limit case
      when not fit.is_covered then 1
      when lane_heads.max_jobs is null then lane_heads.depth
      else least(
        lane_heads.depth, lane_heads.max_jobs, floor(free.cpu_units / nullif(f.cpu_units, 0)), floor(free.memory_mb / nullif(f.memory_mb, 0))
      )
    end
  ) as head
  where (lane_heads.level = 0 or f.priority = lane_heads.level)
    and f.cpu_units <= free.cpu_units
    and f.memory_mb <= free.memory_mb
    and (fit.is_covered or lane_heads.waited_since is not null and head.ready_at <= lane_heads.waited_since)
  order by head.ready_at + f.handicap, head.ready_at, head.job_id;
$$;
comment on function taskq_private.lane_heads(taskq_private.front[], taskq_private.capacity, integer, smallint, integer, timestamptz) is
  'The jobs that this worker could take first, in effective order.';
--! EndIncluded 3_claim/lane_heads.sql
--! Included 3_claim/plan_suspect.sql
-- A suspect is a job that two workers died with. The next worker that takes it has nothing else then, so that its neighbours are
-- not taken down with it, and so that a third death has one culprit. A worker that has just started, or has nothing, comes soon where
-- workers die. Only once a suspect has waited for 5 seconds, workers are kept for it: each finishes what it has and takes nothing,
-- until it is empty; at most half of those that could run it, the first by number.
-- Locks, in a claim: the pools concerned.
create or replace function taskq_private.plan_suspect(
  worker taskq_private.workers, is_claim boolean,
  out is_kept boolean, out lane_ids integer[], out job_counts integer[], out handicaps interval[], out job_ids uuid[], out starts timestamptz[],
  out has_needs boolean
)
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_next record;
  v_workers record;
  v_needs jsonb;
  v_free jsonb := worker.resources;
begin
  is_kept := exists (
    select from taskq_private.suspects as s join taskq_private.claims as c on c.claim_id = s.claim_id where c.worker_id = worker.worker_id
  );
  if is_kept then
    return;
  end if;

  select l as lane, s.job_id, count(*) over () as waiting, s.suspected_at < taskq_private.clock() - interval '5 seconds' as is_old into v_next
  from taskq_private.suspects as s
  join taskq_private.ready_jobs as r on r.lane_id = s.lane_id and r.job_id = s.job_id and r.ready_at = 'infinity'
  join taskq_private.lanes as l on l.lane_id = s.lane_id
  join taskq_private.queues as q on q.queue = l.queue and q.paused_at is null
  where taskq_private.could_run(worker, l)
  order by s.suspected_at, s.job_id
  limit 1;
  if not found then
    return;
  end if;
  select
    greatest(1, count(*) / 2) - count(*) filter (where has.suspect) as room,
    count(*) filter (where not has.suspect and w.worker_number < worker.worker_number) as before
  into v_workers
  from taskq_private.workers as w
  cross join lateral (select exists (
    select from taskq_private.suspects as s join taskq_private.claims as c on c.claim_id = s.claim_id where c.worker_id = w.worker_id
  )) as has (suspect)
  where w.status = 'active' and taskq_private.could_run(w, v_next.lane);
  if v_workers.room <= 0 then
    return;
  elsif exists (select from taskq_private.claims as c where c.worker_id = worker.worker_id) then
    is_kept := v_next.is_old and v_workers.before < least(v_workers.room, v_next.waiting);
    return;
  end if;

  v_needs := taskq_private.lane_needs(v_next.lane);
  has_needs := v_needs is not null;
  if has_needs then
    v_free := v_free || taskq_private.lock_pools(array[row(null, null, null, null, v_needs, null, null)::taskq_private.front], is_claim);
  end if;
  if not has_needs or taskq_private.covers(v_free, v_needs) then
    select true, array[(v_next.lane).lane_id], array[1], array[interval '0'], array[v_next.job_id], array['infinity'::timestamptz]
    into is_kept, lane_ids, job_counts, handicaps, job_ids, starts;
  end if;
end;
$$;
comment on function taskq_private.plan_suspect(taskq_private.workers, boolean) is
  'Whether a worker takes nothing now but a job that must be alone, or nothing at all; and which job that is, as plan_claim() answers.';
--! EndIncluded 3_claim/plan_suspect.sql
--! Included 3_claim/take_jobs.sql
-- Moves the chosen rows into a new claim and reads what the worker needs to run them.
-- Locks: ready rows at the heads of the chosen lanes, skipping those that a rival is taking.
create or replace function taskq_private.take_jobs(
  worker taskq_private.workers, max_jobs integer, out claim_id bigint, out jobs json
)
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_chosen record;
  v_taken record;
  v_expires_at timestamptz;
begin
  v_chosen := taskq_private.plan_claim(worker, max_jobs, true);
  if v_chosen.lane_ids is null then
    return;
  end if;

  select array_agg(head.row_id) as row_ids, array_agg(head.job_id) as job_ids, array_agg(head.lane_id) as lane_ids, array_agg(head.attempt) as attempts
  into v_taken
  from (
    select r.*
    from unnest(v_chosen.lane_ids, v_chosen.job_counts, v_chosen.handicaps, v_chosen.starts) as chosen (lane_id, job_count, handicap, start)
    cross join lateral (
      select r.ctid as row_id, r.job_id, r.lane_id, r.attempt, r.ready_at
      from taskq_private.ready_jobs as r
      where r.lane_id = chosen.lane_id and r.ready_at >= chosen.start and (v_chosen.job_ids is null and r.ready_at < 'infinity' or r.job_id = any (v_chosen.job_ids))
      order by r.ready_at, r.job_id
      limit chosen.job_count
      for update skip locked
    ) as r
    order by r.ready_at + chosen.handicap, r.ready_at, r.job_id
  ) as head;
  if v_taken.job_ids is null then
    return;
  end if;

  if v_chosen.has_needs and exists (select from taskq_private.resource_pools as p where p.refill_per_second is not null) then
    perform taskq_private.spend_tokens(v_taken.lane_ids);
  end if;
  if exists (select from taskq_private.reservations) then
    perform taskq_private.end_reservations(worker.worker_id, v_taken.job_ids);
  end if;
  delete from taskq_private.ready_jobs as r where r.ctid = any (v_taken.row_ids);

  select json_agg(row_to_json(j)), v_now + min(j.timeout_seconds) * interval '1 second' + taskq_private.timeout_grace()
  into jobs, v_expires_at
  from (
    select s.job_id, l.type, l.queue, t.attempt, s.max_attempts, s.timeout_seconds, s.payload, s.trace_context
    from unnest(v_taken.job_ids, v_taken.lane_ids, v_taken.attempts) as t (job_id, lane_id, attempt)
    cross join lateral (select * from taskq_private.job_specs as s where s.job_id = t.job_id offset 0) as s -- never by a hash of all
    join taskq_private.lanes as l on l.lane_id = t.lane_id
  ) as j;

  perform taskq_private.start_timeline();
  insert into taskq_private.claims (worker_id, claimed_at, expires_at, job_ids, lane_ids, attempts)
  values (worker.worker_id, v_now, v_expires_at, v_taken.job_ids, v_taken.lane_ids, v_taken.attempts)
  returning claims.claim_id into take_jobs.claim_id;
  if exists (select from taskq_private.suspects) then
    update taskq_private.suspects as s set claim_id = take_jobs.claim_id where s.job_id = any (v_taken.job_ids);
  end if;

  perform taskq_private.record_event('job_started', v_taken.job_ids, v_taken.lane_ids, v_taken.attempts);
end;
$$;
comment on function taskq_private.take_jobs(taskq_private.workers, integer) is 'Claims the best jobs that fit; nothing comes back when there are none.';
--! EndIncluded 3_claim/take_jobs.sql
--! Included 5_finish/next_status.sql
-- The rule of what follows an attempt that did not complete. Only a worker that had nothing else is a job's third: of several that
-- a worker died with, each may be innocent.
create or replace function taskq_private.next_status(
  ended taskq_private.ended_attempt, max_attempts smallint, cancel_requested boolean, out next_status taskq.job_status, out reason text
)
language plpgsql
stable
as $$
begin
  if cancel_requested or ended.outcome = 'cancelled' then
    next_status := 'cancelled';
    reason := 'requested';
  elsif ended.outcome = 'released' then
    next_status := 'ready';
  elsif ended.outcome = 'lost' then
    if taskq_private.crash_count(ended.job_id) >= 2 and coalesce((ended.error ->> 'jobs_beside')::integer, 0) = 0 then
      next_status := 'failed';
      reason := 'crashed';
    else
      next_status := 'ready';
    end if;
  elsif ended.fatal then
    next_status := 'failed';
    reason := 'fatal';
  elsif ended.attempt >= max_attempts then
    next_status := 'failed';
    reason := 'attempts_exhausted';
  else
    next_status := 'retrying';
  end if;
end;
$$;
comment on function taskq_private.next_status(taskq_private.ended_attempt, smallint, boolean) is 'Where a job goes after this attempt, and why.';
--! EndIncluded 5_finish/next_status.sql
--! Included 5_finish/fail_attempts.sql
-- running -> retrying | ready | failed | cancelled. Each attempt that did not complete gets its job's next place, its row in
-- the history, and its event. A lost or released attempt is not charged; the third worker that a job takes down, alone, is the last.
create or replace function taskq_private.fail_attempts(ended taskq_private.ended_attempt[])
returns void
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_group record;
begin
  for v_group in
    with decided as materialized (
      select e.*, n.next_status, n.reason, v_now + least(greatest(coalesce(e.retry_after_seconds, taskq_private.retry_delay(s.spec, e.attempt)), 0), 5184000) * interval '1 second' as due_at
      from unnest(ended) as e
      cross join lateral (select s as spec, s.max_attempts from taskq_private.job_specs as s where s.job_id = e.job_id offset 0) as s -- never by a hash of all
      left join taskq_private.cancel_requests as r on r.job_id = e.job_id
      cross join lateral taskq_private.next_status(e, s.max_attempts, r.job_id is not null) as n
    ), retried as (
      insert into taskq_private.waiting_jobs (job_id, lane_id, status, due_at, attempt)
      select d.job_id, d.lane_id, 'retrying', d.due_at, d.attempt + 1 from decided as d where d.next_status = 'retrying'
    ), readied as (
      insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
      select d.lane_id, d.job_id, d.started_at, d.attempt from decided as d where d.next_status = 'ready'
    ), finished as (
      insert into taskq_private.finished_jobs (job_id, lane_id, status, attempt, outcome, finished_at, started_at, claim_id, worker_id, reason, error)
      select d.job_id, d.lane_id, d.next_status, d.attempt, d.outcome, v_now, d.started_at, d.claim_id, d.worker_id, d.reason, d.error
      from decided as d where d.next_status in ('failed', 'cancelled')
    ), kept as (
      insert into taskq_private.job_attempts (job_id, claim_id, attempt, worker_id, started_at, ended_at, outcome, error)
      select d.job_id, d.claim_id, d.attempt, d.worker_id, d.started_at, v_now, d.outcome, d.error
      from decided as d where d.next_status in ('retrying', 'ready')
    )
    select
      d.next_status, array_agg(d.job_id) as job_ids, array_agg(d.lane_id) as lane_ids, array_agg(d.attempt) as attempts,
      jsonb_agg(jsonb_strip_nulls(jsonb_build_object('outcome', d.outcome, 'reason', d.reason, 'error', d.error ->> 'message'))) as data
    from decided as d
    group by d.next_status
    order by d.next_status
  loop
    perform taskq_private.record_event('job_' || v_group.next_status, v_group.job_ids, v_group.lane_ids, v_group.attempts, v_group.data);
    if v_group.next_status <> 'ready' then
      perform taskq_private.leave_keys(v_group.job_ids);
    end if;
    if v_group.next_status in ('failed', 'cancelled') then
      perform taskq_private.count_workflow_jobs(v_group.job_ids, 1);
      perform taskq_private.settle_dependents(v_group.job_ids, v_group.next_status);
    elsif v_group.next_status = 'ready' then
      perform taskq_private.hint('ready');
    else
      perform taskq_private.hint_due(v_now);
    end if;
  end loop;
end;
$$;
comment on function taskq_private.fail_attempts(taskq_private.ended_attempt[]) is 'Records attempts that did not complete, and retries their jobs or ends them.';
--! EndIncluded 5_finish/fail_attempts.sql
--! Included 5_finish/end_worker.sql
-- Ends a worker and what it holds. Locks: its row, then its claims in claim_id order.
create or replace function taskq_private.end_worker(worker_id uuid, status taskq.worker_status, outcome taskq.attempt_outcome)
returns integer
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_claim_ids bigint[];
  v_job_ids uuid[];
  v_ended integer;
begin
  update taskq_private.workers as w
  set status = end_worker.status, ended_at = taskq_private.clock()
  where w.worker_id = end_worker.worker_id and w.status in ('active', 'draining');
  if not found then
    return 0;
  end if;

  delete from taskq_private.reservations as r where r.worker_id = end_worker.worker_id;
  v_claim_ids := array(select c.claim_id from taskq_private.claims as c where c.worker_id = end_worker.worker_id);
  if end_worker.outcome <> 'lost' then
    return taskq_private.end_claims(v_claim_ids, end_worker.outcome);
  end if;

  v_job_ids := array(select h.job_id from taskq_private.held_attempts(v_claim_ids) as h);
  v_ended := taskq_private.end_claims(
    v_claim_ids, 'lost', jsonb_build_object('message', 'the worker that ran it died', 'jobs_beside', cardinality(v_job_ids) - 1)
  );
  perform taskq_private.suspect_jobs(v_job_ids);
  return v_ended;
end;
$$;
comment on function taskq_private.end_worker(uuid, taskq.worker_status, taskq.attempt_outcome) is
  'Ends a worker; every job that it holds ends with this outcome. Answers how many.';
--! EndIncluded 5_finish/end_worker.sql
--! Included 5_finish/suspect_jobs.sql
-- Jobs that two workers have died with are put aside: ready at the end of time, where no claim looks, for plan_suspect() to take
-- them alone. Any of them may be the one that kills; most were beside it.
-- Locks: their ready rows, which the caller has just made.
create or replace function taskq_private.suspect_jobs(job_ids uuid[])
returns void
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_suspects taskq_private.ready_jobs[];
begin
  v_suspects := array(
    select r
    from taskq_private.job_specs as s
    join taskq_private.ready_jobs as r on r.lane_id = s.lane_id and r.job_id = s.job_id
    where s.job_id = any (suspect_jobs.job_ids) and taskq_private.crash_count(s.job_id) >= 2
    order by s.job_id
  );
  delete from taskq_private.ready_jobs as r
  using unnest(v_suspects) as s
  where r.lane_id = s.lane_id and r.job_id = s.job_id;
  insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
  select s.lane_id, s.job_id, 'infinity', s.attempt from unnest(v_suspects) as s;

  insert into taskq_private.suspects (job_id, lane_id, suspected_at)
  select s.job_id, s.lane_id, taskq_private.clock() from unnest(v_suspects) as s
  on conflict (job_id) do update set claim_id = null, lane_id = excluded.lane_id;
end;
$$;
comment on function taskq_private.suspect_jobs(uuid[]) is 'Sees to it that those of these jobs that two workers died with run alone from now on.';
--! EndIncluded 5_finish/suspect_jobs.sql
--! Included 5_finish/clear_suspects.sql
-- What ended, or was given back, or waits for something else, is no suspect: it did not take its worker down.
create or replace function taskq_private.clear_suspects()
returns void
language plpgsql
volatile
as $$
begin
  if not exists (select from taskq_private.suspects) then
    return;
  end if;
  delete from taskq_private.suspects as s
  where not exists (
      select from taskq_private.ready_jobs as r where r.lane_id = s.lane_id and r.job_id = s.job_id and r.ready_at = 'infinity'
    )
    and not exists (select from taskq_private.claims as c where c.claim_id = s.claim_id);
end;
$$;
comment on function taskq_private.clear_suspects() is 'Forgets suspects that neither wait to run alone nor do.';
--! EndIncluded 5_finish/clear_suspects.sql
--! Included 7_operate/tick.sql
-- Everything that time does: due jobs, lost workers, timeouts, what large graphs left over, retention. Any process may call it at any time; one gets
-- through. Bounded: what is left over is done by the next call.
-- Locks: the settings' row, which nobody but this schema's functions can hold (an advisory lock is anybody's to take); last, now and
-- then for a moment, the tables of history.
create or replace function taskq.tick(
  out ran boolean, out promoted integer, out lost_workers integer, out expired_attempts integer, out deleted_jobs integer,
  out folded_workflows integer
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  perform from taskq_private.settings for update skip locked;
  ran := found;
  if not ran then
    return;
  end if;
  lost_workers := taskq_private.rescue_lost_workers();
  perform taskq_private.clear_suspects();
  expired_attempts := taskq_private.expire_attempts();
  promoted := taskq_private.promote_due_jobs(10000);
  if promoted > 0 then
    perform taskq_private.hint('ready');
  end if;
  for v_i in 1 .. 5 loop
    exit when not taskq_private.settle_chunk();
  end loop;
  for v_i in 1 .. 5 loop
    exit when not taskq_private.cancel_workflows();
  end loop;
  folded_workflows := taskq_private.fold_workflow_counts(10000);
  perform taskq_private.measure_types();
  deleted_jobs := taskq_private.delete_expired(1000);
  perform taskq_private.keep_history();
end;
$$;
comment on function taskq.tick() is
  'Does what is due: makes due jobs ready, gives the jobs of lost workers to others, ends attempts that outran their timeout, goes on with what was left of large graphs, brings workflows up to date, deletes what has been kept long enough. Servers and workers call it each second; pg_cron or psql may too. ran is false when another session is at it.';
--! EndIncluded 7_operate/tick.sql
--! Included 7_operate/retry_job.sql
-- failed | cancelled -> ready | pending | blocked; with its dependents: cancelled, reason dependency -> blocked.
-- Locks: its dependencies' places (lock_parents), then its finished row; then its dependents. Raises: TQ404, TQ409 with the state.
create or replace function taskq.retry_job(job_id uuid, with_dependents boolean default false)
returns taskq.job_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
begin
  perform taskq_private.lane_of(retry_job.job_id);
  perform taskq_private.lock_parents(array(
    select d.depends_on_id from taskq_private.job_dependencies as d where d.job_id = retry_job.job_id and not d.satisfied
  ));
  perform from taskq_private.finished_jobs as f where f.job_id = retry_job.job_id and f.status in ('failed', 'cancelled') for update;
  if not found then
    perform taskq_private.lane_of(retry_job.job_id); -- raises if it was deleted meanwhile
    raise exception 'job % is % and cannot be retried', retry_job.job_id, taskq_private.status_of(retry_job.job_id)
      using errcode = 'TQ409', detail = taskq_private.status_of(retry_job.job_id)::text,
        hint = 'Only failed and cancelled jobs can be retried.';
  end if;
  perform taskq_private.refuse_hopeless(retry_job.job_id);
  perform taskq_private.record_audit('retry_job', retry_job.job_id::text, jsonb_build_object('with_dependents', with_dependents));

  perform taskq_private.replay_jobs(array[retry_job.job_id]);
  if with_dependents then
    perform taskq_private.settle_dependents(array[retry_job.job_id], 'ready');
  end if;
  return taskq_private.status_of(retry_job.job_id);
end;
$$;
comment on function taskq.retry_job(uuid, boolean) is
  'Runs a failed or cancelled job again from its first attempt; with_dependents brings back the jobs that were cancelled because of it, too. Answers its new status: ready, pending before its run_at, or blocked if a dependency has not ended yet.';
--! EndIncluded 7_operate/retry_job.sql
--! Included 7_operate/discard_job.sql
-- failed -> gone, with its history. Raises: TQ404, TQ409 with the state.
create or replace function taskq.discard_job(job_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  perform taskq_private.lane_of(job_id);
  perform from taskq_private.finished_jobs as f where f.job_id = discard_job.job_id and f.status = 'failed' for update;
  if not found then
    perform taskq_private.lane_of(job_id); -- raises if it was deleted meanwhile
    raise exception 'job % is % and cannot be discarded', job_id, taskq_private.status_of(job_id)
      using errcode = 'TQ409', detail = taskq_private.status_of(job_id)::text, hint = 'Only dead letters, that is failed jobs, can be discarded.';
  end if;
  perform taskq_private.refuse_awaited(job_id);
  perform taskq_private.record_audit('discard_job', job_id::text);
  perform taskq_private.delete_jobs(array[job_id]);
end;
$$;
comment on function taskq.discard_job(uuid) is 'Deletes a failed job and all that is known of it. Refused while a job that is held waits for its replay.';
--! EndIncluded 7_operate/discard_job.sql
--! Included 7_operate/add_dependency.sql
-- pending | ready | retrying | blocked -> blocked: a new edge for a job that has not started.
-- Locks: the graph lock, so that of two sessions adding opposite edges the second sees the first's; the parent's place; the
-- child's row. Raises: TQ404, TQ423 for the parent, TQ409 with the state, TQ425 with the cycle's members.
create or replace function taskq.add_dependency(job_id uuid, depends_on uuid, condition taskq.dependency_condition default 'success')
returns taskq.job_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_lane_id integer := taskq_private.lane_of(add_dependency.job_id);
  v_satisfied boolean;
  v_place record;
begin
  perform pg_advisory_xact_lock(1952541558);
  perform taskq_private.refuse_cycle(add_dependency.job_id, add_dependency.depends_on);
  perform taskq_private.lock_parents(array[add_dependency.depends_on]);
  if not exists (select from taskq_private.job_specs as s where s.job_id = add_dependency.depends_on) then
    perform taskq_private.raise_error(taskq_private.invalid(
      'depends_on', format('depends_on "%s" is no job', add_dependency.depends_on), 'TQ423', 'It may have expired, or its id is mistyped.'
    ));
  end if;
  v_satisfied := taskq_private.check_new_edge(add_dependency.job_id, add_dependency.depends_on, add_dependency.condition);

  v_place := taskq_private.take_unstarted(add_dependency.job_id, v_lane_id);
  insert into taskq_private.job_dependencies (job_id, depends_on_id, condition, satisfied)
  values (add_dependency.job_id, add_dependency.depends_on, add_dependency.condition, v_satisfied)
  on conflict do nothing;
  if found and not v_satisfied then
    v_place.remaining := v_place.remaining + 1;
    if v_place.remaining = 1 then
      perform taskq_private.record_event('job_blocked', array[add_dependency.job_id], array[v_lane_id]);
    end if;
  end if;
  return taskq_private.put_unstarted(
    add_dependency.job_id, v_lane_id, v_place.attempt, v_place.due_at, v_place.ready_at, v_place.remaining
  );
end;
$$;
comment on function taskq.add_dependency(uuid, uuid, taskq.dependency_condition) is
  'Makes a job that has not started wait for another one: for its success, its failure, or its end (finished). Refuses an edge that would close a cycle, naming its members. Answers the job''s status.';
--! EndIncluded 7_operate/add_dependency.sql
--! Included 7_operate/take_unstarted.sql
create or replace function taskq_private.take_unstarted(
  job_id uuid, lane_id integer, out attempt smallint, out due_at timestamptz, out ready_at timestamptz, out remaining integer
)
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_status taskq.job_status;
begin
  loop
    delete from taskq_private.ready_jobs as r
    where r.lane_id = take_unstarted.lane_id and r.job_id = take_unstarted.job_id
    returning r.attempt, null, nullif(r.ready_at, 'infinity'), 0 into attempt, due_at, ready_at, remaining;
    exit when found;
    delete from taskq_private.waiting_jobs as w
    where w.job_id = take_unstarted.job_id
    returning w.attempt, w.due_at, null, w.remaining_dependencies into attempt, due_at, ready_at, remaining;
    exit when found;

    perform taskq_private.lane_of(take_unstarted.job_id); -- raises if it was deleted
    v_status := taskq_private.status_of(take_unstarted.job_id);
    if v_status in ('running', 'completed', 'failed', 'cancelled') then
      raise exception 'job % is % and has started', take_unstarted.job_id, v_status
        using errcode = 'TQ409', detail = v_status::text, hint = 'Only a job that has not started can be changed.';
    end if; -- else it moved between two looks: look again
  end loop;
  ready_at := coalesce(take_unstarted.ready_at, (select j.ready_at from taskq_private.keyed_jobs as j where j.job_id = take_unstarted.job_id)); -- parked
  perform taskq_private.leave_keys(array[take_unstarted.job_id]);
end;
$$;
comment on function taskq_private.take_unstarted(uuid, integer) is 'Takes a job that has not started out of its place; raises TQ409 for one that has.';
--! EndIncluded 7_operate/take_unstarted.sql
--! Included 8_read/jobs.sql
-- For psql and look-ups by id. It cannot be paged fast: lists go through list_jobs(). The id is that of the place, so that
-- asking for some ids is asked of each place.
create or replace view taskq.jobs as
select
  p.job_id,
  s.name,
  l.type,
  l.queue,
  p.status,
  p.reason,
  l.priority,
  s.payload,
  p.result,
  p.error,
  p.attempt,
  s.max_attempts,
  s.created_at,
  s.run_at,
  p.due_at,
  nullif(p.ready_at, 'infinity') as ready_at, -- a suspect has no place in line
  p.started_at,
  p.finished_at,
  s.created_by,
  p.worker_id,
  l.cpu_units,
  l.memory_mb,
  s.timeout_seconds,
  s.initial_delay_seconds,
  s.backoff_multiplier,
  s.max_delay_seconds,
  s.jitter,
  p.remaining_dependencies,
  s.workflow_id,
  s.idempotency_key,
  s.metadata,
  s.trace_context,
  s.on_dependency_failure,
  l.resources,
  s.expected_seconds,
  s.concurrency_key
from taskq_private.places as p
join taskq_private.job_specs as s on s.job_id = p.job_id
join taskq_private.lanes as l on l.lane_id = p.lane_id;
comment on view taskq.jobs is
  'Every job: what was asked and where it is. Look up by job_id; for lists use taskq.list_jobs(), which pages by index.';
--! EndIncluded 8_read/jobs.sql
--! Included 8_read/queues.sql
-- Counts stop at 10000 a lane, so that a million waiting jobs do not make looking slow.
create or replace view taskq.queues as
select
  q.queue,
  q.paused_at,
  q.paused_by,
  q.aging_seconds,
  coalesce(sum(ready.jobs), 0)::integer as ready_count,
  coalesce(sum(waiting.jobs), 0)::integer as waiting_count,
  coalesce(max(running.jobs), 0)::integer as running_count,
  min(ready.oldest) as oldest_ready_at
from taskq_private.queues as q
left join taskq_private.lanes as l on l.queue = q.queue
left join lateral (
  select count(*) as jobs, min(nullif(head.ready_at, 'infinity')) as oldest
  from (select r.ready_at from taskq_private.ready_jobs as r where r.lane_id = l.lane_id order by r.ready_at, r.job_id limit 10000) as head
) as ready on true
left join lateral (
  select count(*) as jobs from (select from taskq_private.waiting_jobs as w where w.lane_id = l.lane_id limit 10000) as head
) as waiting on true
left join lateral (
  select count(*) as jobs
  from taskq_private.claims as c
  cross join unnest(c.lane_ids) as u (lane_id)
  join taskq_private.lanes as o on o.lane_id = u.lane_id
  where o.queue = q.queue
) as running on true
group by q.queue, q.paused_at, q.paused_by, q.aging_seconds;
comment on view taskq.queues is 'The queues: paused or not, and how many jobs are ready, waiting and running (counted up to 10000 a lane).';
--! EndIncluded 8_read/queues.sql
--! Included 8_read/claim_preview.sql
-- The plan of the claim itself, with nothing locked and nothing taken. Raises: TQ404.
create or replace function taskq.claim_preview(worker_id uuid, max_jobs integer default null)
returns table (place bigint, job_id uuid, type text, queue text, priority smallint, cpu_units numeric, memory_mb integer)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_worker taskq_private.workers;
  v_plan record;
begin
  select * into v_worker from taskq_private.workers as w where w.worker_id = claim_preview.worker_id;
  if not found then
    raise exception 'worker % is not registered', claim_preview.worker_id using errcode = 'TQ404', hint = 'select worker_id from taskq.workers lists them.';
  end if;
  if v_worker.status <> 'active' then
    return;
  end if;
  v_plan := taskq_private.plan_claim(v_worker, least(coalesce(claim_preview.max_jobs, v_worker.concurrency), 1000), false);
  return query
    select row_number() over (order by r.ready_at + p.handicap, r.ready_at, r.job_id), r.job_id, l.type, l.queue, l.priority, l.cpu_units, l.memory_mb
    from unnest(v_plan.lane_ids, v_plan.job_counts, v_plan.handicaps) as p (lane_id, job_count, handicap)
    join taskq_private.lanes as l on l.lane_id = p.lane_id
    cross join lateral (
      select j.job_id, j.ready_at from taskq_private.ready_jobs as j where j.lane_id = p.lane_id and (v_plan.job_ids is null and j.ready_at < 'infinity' or j.job_id = any (v_plan.job_ids)) order by j.ready_at, j.job_id limit p.job_count
    ) as r
    order by 1;
end;
$$;
comment on function taskq.claim_preview(uuid, integer) is
  'What this worker would take now if it asked for max_jobs (its concurrency unless given), in order. Changes nothing. Example: select * from taskq.claim_preview((select worker_id from taskq.workers limit 1)).';
--! EndIncluded 8_read/claim_preview.sql
--! Included 8_read/explain_ready.sql
-- Asks the claim: is the job in what a worker would take if it called now?
create or replace function taskq_private.explain_ready(lane taskq_private.lanes, ready_at timestamptz, job_id uuid)
returns table (code text, message text, details jsonb)
language plpgsql
stable
as $$
#variable_conflict use_column
declare
  v_takers uuid[];
  v_place bigint;
  v_reserved_id uuid := (select r.worker_id from taskq_private.reservations as r where r.job_id = explain_ready.job_id);
begin
  v_takers := array(
    select w.worker_id
    from (
      select w.* from taskq_private.workers as w
      where w.status = 'active' and lane.type = any (w.types) and (w.queues is null or lane.queue = any (w.queues))
      order by w.worker_number limit 100
    ) as w
    where exists (select from taskq.claim_preview(w.worker_id) as p where p.job_id = explain_ready.job_id)
  );
  if cardinality(v_takers) > 0 then
    return query select 'runnable', 'The next claim takes it.', jsonb_build_object('worker_ids', v_takers);
    return;
  end if;

  select count(*) + 1 into v_place
  from (
    select from taskq_private.ready_jobs as r
    where r.lane_id = lane.lane_id and (r.ready_at, r.job_id) < (explain_ready.ready_at, explain_ready.job_id)
    limit 10000
  ) as before;
  return query
    select 'waiting_for_capacity',
      case when explain_ready.ready_at = 'infinity' then 'Two workers died while they ran it: it waits for one that can run it alone.'
        when v_reserved_id is null then format('Workers are full, or others come first: it is number %s of its kind.', v_place)
        else 'A worker is being kept free for it.' end,
      jsonb_strip_nulls(jsonb_build_object('place_in_line', v_place, 'runs_alone', nullif(explain_ready.ready_at = 'infinity', false), 'reserved_worker_id', v_reserved_id));
end;
$$;
comment on function taskq_private.explain_ready(taskq_private.lanes, timestamptz, uuid) is 'Whether a claim would take this ready job now, and its place in line if not.';
--! EndIncluded 8_read/explain_ready.sql
--! Included 8_read/stream_gaps.sql
-- For a reader that begins at the end of the stream. Ids that are not there may be of transactions that are still under way, however
-- many events have come since: one statement, so that what is missing and what is under way are seen at the same moment.
create or replace function taskq.stream_gaps(out last_event_id bigint, out missing bigint[], out next_xid text, out horizon text)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  with ends as (
    select coalesce(max(e.event_id), 0) as last, coalesce(min(e.event_id), 1) as first from taskq_private.job_events as e
  )
  select
    ends.last,
    array(
      select g.id from generate_series(greatest(ends.last - 9999, ends.first), ends.last) as g (id)
      except
      select e.event_id from taskq_private.job_events as e where e.event_id > ends.last - 10000
    ),
    pg_snapshot_xmax(pg_current_snapshot())::text,
    pg_snapshot_xmin(pg_current_snapshot())::text
  from ends;
$$;
comment on function taskq.stream_gaps() is
  'The newest event, and the ids before it (10,000 back) that may still come: next_xid and horizon are as in read_events().';
--! EndIncluded 8_read/stream_gaps.sql
--! Included 8_read/check_resource_invariants.sql
create or replace function taskq_private.check_resource_invariants()
returns setof text
language sql
stable
as $$
  select format('worker %s holds %s cpu of %s, %s MB of %s, %s of %s', w.name, w.granted_cpu_units, w.cpu_units, w.granted_memory_mb, w.memory_mb, w.granted_resources, w.resources)
  from taskq.workers as w
  join taskq_private.workers as o on o.worker_id = w.worker_id
  where (w.granted_cpu_units > w.cpu_units or w.granted_memory_mb > w.memory_mb or not taskq_private.covers(w.resources, coalesce(w.granted_resources, '{}')))
    and exists (select from taskq_private.claims as c where c.worker_id = w.worker_id and (o.capacity_set_at is null or c.claimed_at > o.capacity_set_at))
  union all
  select format('job %s waits to run alone and is no suspect', r.job_id)
  from taskq_private.ready_jobs as r
  where r.ready_at = 'infinity' and not exists (select from taskq_private.suspects as s where s.job_id = r.job_id)
  union all
  select format('key %s never allowed more than %s and has %s out', k.concurrency_key, o.most_running, k.admitted_count)
  from taskq.concurrency_keys as k
  join taskq_private.concurrency_keys as o on o.concurrency_key = k.concurrency_key
  where k.admitted_count > o.most_running
  union all
  select format('key %s allows %s, has %s out and %s parked', k.concurrency_key, k.max_running, k.admitted_count, k.parked_count)
  from taskq.concurrency_keys as k
  where k.admitted_count < k.max_running and k.parked_count > 0
  union all
  select format('keyed job %s is %s and %s', j.job_id, case when j.is_admitted then 'admitted' else 'parked' end, taskq_private.status_of(j.job_id))
  from taskq_private.keyed_jobs as j
  where (taskq_private.status_of(j.job_id) in ('ready', 'running') and j.is_admitted or taskq_private.status_of(j.job_id) = 'blocked' and not j.is_admitted) is not true
  union all
  select format('job %s has a key and is %s without it', s.job_id, p.status)
  from taskq_private.job_specs as s
  join taskq_private.places as p on p.job_id = s.job_id
  where s.concurrency_key is not null and p.status in ('ready', 'running')
    and not exists (select from taskq_private.keyed_jobs as j where j.job_id = s.job_id and j.is_admitted);
$$;
comment on function taskq_private.check_resource_invariants() is 'Breaches of what must hold of workers'' capacities and of limits, as sentences.';
--! EndIncluded 8_read/check_resource_invariants.sql
--! Included 9_grants.sql
-- Who may do what: exposure is a grant, by audience. Functions are never PUBLIC (default privileges of migration 1).

grant usage on schema taskq to taskq_reader, taskq_client, taskq_worker;
grant usage on type taskq.job_status, taskq.attempt_outcome, taskq.log_level, taskq.worker_status,
  taskq.dependency_condition, taskq.dependency_failure_policy,
  taskq.workflow_status to taskq_reader, taskq_client, taskq_worker;

-- who looks
grant select on
  taskq.jobs, taskq.job_executions, taskq.job_logs, taskq.dead_letters, taskq.job_dependencies, taskq.workflows, taskq.concurrency_keys, taskq.task_types, taskq.queues, taskq.workers
to taskq_reader;
grant execute on function
  taskq.get_job, taskq.get_jobs, taskq.list_jobs, taskq.count_jobs, taskq.explain_job, taskq.parent_results,
  taskq.list_workflows, taskq.get_workflow, taskq.job_graph, taskq.critical_path, taskq.graph_mermaid,
  taskq.list_pools, taskq.claim_preview, taskq.simulate,
  taskq.read_events, taskq.stream_position, taskq.stream_gaps, taskq.late_events
to taskq_reader;

-- who submits

grant execute on function
  taskq.submit_job, taskq.submit_jobs, taskq.submit_each, taskq.add_dependency, taskq.cancel_job, taskq.cancel_workflow
to taskq_client;

-- who runs jobs; sees none but those it claims
grant execute on function
  taskq.register_worker, taskq.register_task_types, taskq.hold_worker_session, taskq.claim_next_job, taskq.heartbeat, taskq.log_jobs,
  taskq.report_progress, taskq.parent_results, taskq.complete_job, taskq.fail_job, taskq.stop_worker, taskq.release_unknown_claims,
  taskq.tick
to taskq_worker;

-- who operates
grant execute on function
  taskq.retry_job, taskq.retry_workflow, taskq.retry_dead_letters, taskq.discard_job, taskq.discard_dead_letters, taskq.pause_queue, taskq.resume_queue,
  taskq.set_queue_aging, taskq.drain_worker, taskq.set_worker_capacity, taskq.set_pool, taskq.set_rate, taskq.delete_pool,
  taskq.set_limit, taskq.set_rate_limit, taskq.set_concurrency_limit, taskq.tick, taskq.authenticate, taskq.has_api_key
to taskq_operator;

-- who administers
grant execute on function taskq.configure, taskq.create_api_key, taskq.revoke_api_key to taskq_admin;
--! EndIncluded 9_grants.sql

reset role;
