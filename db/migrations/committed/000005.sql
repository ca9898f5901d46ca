--! Previous: sha1:29353767d94ff234f51458fabac81e2d204701f2
--! Hash: sha1:5fdfc2f915b04c70320384ba6a9fd27d69ec4ff0

--! split: 1-current.sql
set local role taskq_owner;

drop function taskq_private.read_shapes(jsonb);
drop function taskq_private.schema_is_open(jsonb);

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
alter table taskq_private.task_types add column payload_test jsonpath generated always as (taskq_private.payload_test(payload_schema)) stored;
comment on column taskq_private.task_types.payload_test is 'Holds for payloads that plainly fit payload_schema; null if that is not to be said so.';

drop function taskq_private.finish_attempts(jsonb, uuid);
drop function taskq_private.take_jobs(taskq_private.workers, integer);
drop function taskq_private.plan_claim(taskq_private.workers, integer, boolean);

--! Included 1_submit/read_shapes.sql
-- Shapes -> what their jobs have in common: the type with its defaults, and the lane if there is one.
create or replace function taskq_private.read_shapes(shapes jsonb)
returns table (
  shape jsonb, lane_id integer, type text, queue text, priority smallint, cpu_units numeric, memory_mb integer, resources jsonb,
  max_attempts smallint, timeout_seconds integer, initial_delay_seconds real, backoff_multiplier real, max_delay_seconds real, jitter real,
  created_by text, on_dependency_failure taskq.dependency_failure_policy, expected_seconds real, concurrency_key text, concurrency_limit integer, is_known boolean, payload_test jsonpath
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
    t.type is not null, t.payload_test
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
      jsonb_path_match(p.payload, s.payload_test, '{}', true) is not true
    )::taskq_private.submission
    from (
      select e.ordinality, e.value as request, v_errors -> e.ordinality::text as error
      from jsonb_array_elements(requests) with ordinality as e (value, ordinality)
    ) as q
    left join taskq_private.read_shapes(v_seen.shapes) as s
      on s.shape = case when q.error is null then taskq_private.shape_of(q.request) end
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
  v_tokens_in double precision;
begin
  if outcomes is not null or not taskq_private.is_idle(worker_id) then
    v_worker := taskq_private.lock_worker(worker_id, max_jobs > 0);
    if outcomes is not null then
      select f.rejected, f.frees and max_jobs = 0 into rejected, v_is_more from taskq_private.finish_attempts(outcomes, worker_id) as f;
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
    select t.claim_id, t.jobs, v_is_more or coalesce(t.may_be_more, false) into claim_next_job.claim_id, claim_next_job.jobs, v_is_more
    from taskq_private.take_jobs(v_worker, least(max_jobs, 100000)) as t;
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
--! Included 3_claim/plan_claim.sql
-- What this worker would take now. A job that is first in line and too large for what is free has it kept free; then only what
-- will not delay that job goes beside it, and once that job fits, it goes alone: who comes next is looked at anew.
-- Locks, in a claim: the pools concerned. A preview changes nothing, and takes a reservation that would be made as made.
create or replace function taskq_private.plan_claim(
  worker taskq_private.workers, max_jobs integer, is_claim boolean,
  out lane_ids integer[], out job_counts integer[], out handicaps interval[], out job_ids uuid[], out starts timestamptz[], out has_needs boolean, out may_be_more boolean
)
language plpgsql
volatile
as $$
declare
  v_free taskq_private.capacity := taskq_private.free_capacity(worker, is_claim);
  v_looked record := taskq_private.lane_levels(worker, v_free, is_claim);
  v_has_reserved boolean := exists (select from taskq_private.reservations as r where r.worker_id = worker.worker_id);
  v_large taskq_private.lanes;
  v_head record;
  v_stop_before timestamptz;
  v_front taskq_private.front;
  v_beside taskq_private.shadow;
  v_plan record;
begin
  if v_looked.fronts is null and not v_has_reserved then
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

  may_be_more := v_large.lane_id is not null; -- a large job goes alone, and what goes beside one is looked for among the first few
  if v_large.lane_id is null and cardinality(v_looked.fronts) = 1 and v_looked.fitting = 1 and not has_needs then
    v_front := v_looked.fronts[1]; -- the rows of a lane that is alone need not be weighed one by one
    lane_ids := array[v_front.lane_id];
    job_counts := array[least(max_jobs, floor(v_free.cpu_units / nullif(v_front.cpu_units, 0)), floor(v_free.memory_mb / nullif(v_front.memory_mb, 0)))];
    handicaps := array[v_front.handicap];
    starts := array[v_front.ready_at];
    return;
  elsif v_large.lane_id is null then
    v_plan := taskq_private.choose_lanes(v_looked.fronts, v_free, null, v_looked.levels, max_jobs, v_stop_before, null);
  elsif taskq_private.lane_fits(v_large, v_free) then
    v_large := taskq_private.first_reserved(worker, v_free, v_large);
    lane_ids := array[v_large.lane_id];
    job_counts := array[1];
    handicaps := array[interval '0'];
    starts := array['-infinity'::timestamptz];
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
  'The lanes to take jobs from, how many from each, what to add to ready_at for the effective order, and from where on; whether they take of more than cpu and memory; where not the first of a lane are meant, which jobs; and whether another look may find more.';
--! EndIncluded 3_claim/plan_claim.sql
--! Included 3_claim/take_jobs.sql
-- Moves the chosen rows into a new claim and reads what the worker needs to run them.
-- Locks: ready rows at the heads of the chosen lanes, skipping those that a rival is taking.
create or replace function taskq_private.take_jobs(
  worker taskq_private.workers, max_jobs integer, out claim_id bigint, out jobs json, out may_be_more boolean
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
      where r.lane_id = chosen.lane_id and r.ready_at >= chosen.start and (v_chosen.job_ids is null or r.job_id = any (v_chosen.job_ids))
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

  insert into taskq_private.claims (worker_id, claimed_at, expires_at, job_ids, lane_ids, attempts)
  values (worker.worker_id, v_now, v_expires_at, v_taken.job_ids, v_taken.lane_ids, v_taken.attempts)
  returning claims.claim_id into take_jobs.claim_id;
  may_be_more := v_chosen.may_be_more;

  perform taskq_private.record_event('job_started', v_taken.job_ids, v_taken.lane_ids, v_taken.attempts);
end;
$$;
comment on function taskq_private.take_jobs(taskq_private.workers, integer) is 'Claims the best jobs that fit; nothing comes back when there are none. Whether another look may find more, though fewer came than were asked for.';
--! EndIncluded 3_claim/take_jobs.sql
--! Included 5_finish/finish_attempts.sql
-- running -> completed | failed | cancelled | retrying | ready. What workers report, in batches.
-- Locks: the claims in claim_id order; then what end_attempts locks. A report whose claim was lost changes nothing.
create or replace function taskq_private.finish_attempts(outcomes jsonb, worker_id uuid, out rejected uuid[], out frees boolean)
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_claim_ids bigint[] := array(select distinct (o.value ->> 'claim_id')::bigint from jsonb_array_elements(outcomes) as o);
  v_ended taskq_private.ended_attempt[];
  v_logs jsonb;
begin
  perform from taskq_private.claims as c
  where c.claim_id = any (v_claim_ids) and c.worker_id = finish_attempts.worker_id
  order by c.claim_id
  for update;

  select
    array_agg(row(
      h.job_id, h.lane_id, h.attempt, h.claim_id, h.worker_id,
      greatest(h.claimed_at, v_now - o.duration_seconds * interval '1 second'),
      coalesce(o.outcome, 'failed'), o.result, o.error, o.fatal, o.retry_after_seconds
    )::taskq_private.ended_attempt order by h.job_id) filter (where h.job_id is not null),
    array_agg(o.job_id) filter (where h.job_id is null),
    jsonb_agg(jsonb_build_object('claim_id', o.claim_id, 'job_id', o.job_id, 'lines', o.logs)) filter (where o.logs is not null)
  into v_ended, rejected, v_logs
  from (
    select distinct on (r.job_id, r.claim_id) r.*
    from jsonb_to_recordset(outcomes) as r (
      claim_id bigint, job_id uuid, outcome taskq.attempt_outcome, result jsonb, error jsonb, fatal boolean,
      retry_after_seconds double precision, duration_seconds double precision, logs jsonb
    )
  ) as o
  left join taskq_private.held_attempts(v_claim_ids) as h
    on h.claim_id = o.claim_id and h.job_id = o.job_id and h.worker_id = finish_attempts.worker_id;

  if v_logs is not null then
    perform taskq_private.store_logs((
      select jsonb_agg(line.value || jsonb_build_object('claim_id', j.value -> 'claim_id', 'job_id', j.value -> 'job_id'))
      from jsonb_array_elements(v_logs) as j
      cross join jsonb_array_elements(j.value -> 'lines') as line
    ));
  end if;
  perform taskq_private.end_attempts(v_ended);
  frees := exists (
    select from taskq_private.lanes as l
    where l.lane_id = any (array(select distinct e.lane_id from unnest(v_ended) as e)) and (l.cpu_units > 0 or l.memory_mb > 0 or l.resources <> '{}')
  );
end;
$$;
comment on function taskq_private.finish_attempts(jsonb, uuid) is 'Records how attempts went; answers the jobs whose claim was lost, and whether what the others held may be what a job waits for.';
--! EndIncluded 5_finish/finish_attempts.sql

reset role;
