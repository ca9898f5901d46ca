--! Previous: sha1:476187dc6736c92dff7b1f94e21ba308970dfda1
--! Hash: sha1:c0838ecf660c132dd2932167a2a845a46c6dcea4

--! split: 1-current.sql
set local role taskq_owner;

-- History is partitioned by time, so that it goes by dropping tables. What there is becomes the oldest partition, unmoved.

drop function taskq_private.retry_delay(taskq_private.job_specs, smallint);
drop function taskq_private.is_in_running_workflow(uuid);

create table taskq_private.history_periods (
  family text not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  name text not null,
  tried_at timestamptz,
  cleared_at timestamptz,
  swept_to uuid,
  constraint pk_history_periods primary key (family, starts_at),
  constraint unique_history_periods_name unique (family, name),
  constraint check_history_periods_family check (family in ('jobs', 'events')),
  constraint check_history_periods_ends_at check (ends_at > starts_at)
);
comment on table taskq_private.history_periods is
  'The stretches of time that history is cut into. Each has a partition of every table of its family: a job''s rows are in the period of its submit.';
comment on column taskq_private.history_periods.family is 'jobs (job_specs, finished_jobs, job_attempts, job_logs) or events (job_events).';
comment on column taskq_private.history_periods.starts_at is 'What came from then on; -infinity in the oldest.';
comment on column taskq_private.history_periods.ends_at is 'What came before then; infinity in the newest, which is cut before its time comes.';
comment on column taskq_private.history_periods.name is 'Its partitions are named so, after the table and an underscore.';
comment on column taskq_private.history_periods.tried_at is 'When it was last tried to cut or to drop it.';
comment on column taskq_private.history_periods.cleared_at is 'How far delete_expired() has looked at its jobs, by their ends; null at the beginning.';
comment on column taskq_private.history_periods.swept_to is 'How far delete_attached() has looked at its jobs, by id; null at the beginning.';

-- what was asked
alter table taskq_private.job_specs rename to job_specs_old;
alter table taskq_private.job_specs_old rename constraint pk_job_specs to pk_job_specs_old;
alter index taskq_private.index_job_specs_metadata rename to index_job_specs_old_metadata;
alter index taskq_private.index_job_specs_run_at rename to index_job_specs_old_run_at;
alter index taskq_private.index_job_specs_workflow_id rename to index_job_specs_old_workflow_id;
alter index taskq_private.index_job_specs_concurrency_key rename to index_job_specs_old_concurrency_key;
create table taskq_private.job_specs (
  like taskq_private.job_specs_old including defaults including constraints including comments including storage
) partition by range (job_id);
comment on table taskq_private.job_specs is 'What was asked: written once at submit, never changed.';
alter table taskq_private.job_specs add constraint pk_job_specs primary key (job_id);
create index index_job_specs_metadata on taskq_private.job_specs using gin (metadata jsonb_path_ops) where metadata is not null;
create index index_job_specs_run_at on taskq_private.job_specs (run_at) where run_at is not null;
create index index_job_specs_workflow_id on taskq_private.job_specs (workflow_id, job_id) where workflow_id is not null;
create index index_job_specs_concurrency_key on taskq_private.job_specs (concurrency_key) where concurrency_key is not null;
create index index_job_specs_attached on taskq_private.job_specs (job_id) where num_nonnulls(workflow_id, concurrency_key) > 0;

-- how it ended
alter table taskq_private.finished_jobs rename to finished_jobs_old;
alter table taskq_private.finished_jobs_old rename constraint pk_finished_jobs to pk_finished_jobs_old;
alter index taskq_private.index_finished_jobs_lane rename to index_finished_jobs_old_lane;
alter index taskq_private.index_finished_jobs_failed rename to index_finished_jobs_old_failed;
alter index taskq_private.index_finished_jobs_finished_at rename to index_finished_jobs_old_finished_at;
create table taskq_private.finished_jobs (
  like taskq_private.finished_jobs_old including defaults including constraints including comments including storage
) partition by range (job_id);
comment on table taskq_private.finished_jobs is 'Place 4: how each job ended, with its last attempt.';
alter table taskq_private.finished_jobs add constraint pk_finished_jobs primary key (job_id);
create index index_finished_jobs_lane on taskq_private.finished_jobs (lane_id, status, job_id);
create index index_finished_jobs_failed on taskq_private.finished_jobs (job_id) where status = 'failed';
create index index_finished_jobs_finished_at on taskq_private.finished_jobs (finished_at);

-- its earlier attempts
alter table taskq_private.job_attempts rename to job_attempts_old;
alter table taskq_private.job_attempts_old rename constraint pk_job_attempts to pk_job_attempts_old;
create table taskq_private.job_attempts (
  like taskq_private.job_attempts_old including defaults including constraints including comments including storage
) partition by range (job_id);
comment on table taskq_private.job_attempts is 'The attempts before the last; the last one is in finished_jobs.';
alter table taskq_private.job_attempts add constraint pk_job_attempts primary key (job_id, claim_id);

-- its log; the partitions take their numbers from one sequence, which goes on where the identity column ends
create sequence taskq_private.log_ids as bigint;
select setval('taskq_private.log_ids', coalesce(pg_sequence_last_value('taskq_private.job_logs_log_id_seq'), 0) + 1, false);
alter table taskq_private.job_logs rename to job_logs_old;
alter table taskq_private.job_logs_old rename constraint pk_job_logs to pk_job_logs_old;
alter table taskq_private.job_logs_old alter column log_id drop identity;
alter table taskq_private.job_logs_old alter column log_id set default nextval('taskq_private.log_ids');
create table taskq_private.job_logs (
  like taskq_private.job_logs_old including defaults including constraints including comments including storage
) partition by range (job_id);
comment on table taskq_private.job_logs is 'What handlers wrote with job.log.';
alter table taskq_private.job_logs add constraint pk_job_logs primary key (job_id, log_id);
alter sequence taskq_private.log_ids owned by taskq_private.job_logs.log_id;

-- what happened
create sequence taskq_private.event_ids as bigint;
select setval('taskq_private.event_ids', coalesce(pg_sequence_last_value('taskq_private.job_events_event_id_seq'), 0) + 1, false);
alter table taskq_private.job_events rename to job_events_old;
alter table taskq_private.job_events_old drop constraint pk_job_events;
alter table taskq_private.job_events_old alter column event_id drop identity;
alter table taskq_private.job_events_old alter column event_id set default nextval('taskq_private.event_ids');
create table taskq_private.job_events (
  like taskq_private.job_events_old including defaults including constraints including comments including storage
) partition by range (at);
comment on table taskq_private.job_events is 'The stream''s source: one row a transition batch, kept for hours.';
alter table taskq_private.job_events add constraint pk_job_events primary key (event_id, at);
alter sequence taskq_private.event_ids owned by taskq_private.job_events.event_id;

-- a key is looked for by its job when history goes
create index index_idempotency_keys_job_id on taskq_private.idempotency_keys (job_id);

-- what jobs of a list have in common is read once
alter type taskq_private.submission add attribute is_unchecked boolean;
drop function taskq_private.request_error(jsonb, text, jsonb, jsonb, text);
drop function taskq_private.read_requests(jsonb, timestamptz);

--! Included 0_base/to_instant.sql
-- PostgreSQL 15 cannot ask whether a text is a valid instant without an exception. Only jobs with run_at come here.
create or replace function taskq_private.to_instant(value text)
returns timestamptz
language plpgsql
stable
strict
as $$
begin
  if value !~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|z|[+-]\d\d(:?\d\d)?)$' then
    return null;
  end if;
  if value ~ '^[1-9]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?Z$' then
    return value::timestamptz; -- every one of these is, so most need no subtransaction
  end if;
  begin
    return value::timestamptz;
  exception
    when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
      return null;
  end;
end;
$$;
comment on function taskq_private.to_instant(text) is 'The instant that an ISO 8601 text with a time zone names, or null.';
--! EndIncluded 0_base/to_instant.sql
--! Included 0_base/schema_is_open.sql
-- The schema of tasks that take any object, which is worth knowing before payloads are looked at.
create or replace function taskq_private.schema_is_open(schema jsonb)
returns boolean
language sql
immutable
parallel safe
as $$
  select schema ->> 'type' = 'object'
    and not schema ?| '{anyOf,oneOf,const,enum,required}'
    and schema -> 'properties' = '{}' and schema -> 'additionalProperties' in ('{}', 'true');
$$;
comment on function taskq_private.schema_is_open(jsonb) is 'Whether a JSON Schema plainly allows every object.';
--! EndIncluded 0_base/schema_is_open.sql
--! Included 0_base/schema_fits.sql
-- True only where schema_error() would find nothing; anything else means "ask it". So this may know less, but never more: it
-- knows the keywords that most fields of payloads have. One expression, so that it is inlined: a batch is checked by one statement.
create or replace function taskq_private.schema_fits(value jsonb, schema jsonb)
returns boolean
language sql
immutable
parallel safe
as $$
  select not schema ?| '{anyOf,oneOf,const}'
    and (not schema ? 'enum' or jsonb_typeof(schema -> 'enum') = 'array' and schema -> 'enum' @> value)
    and case jsonb_typeof(value)
      when 'string' then
        schema ->> 'type' = 'string'
        and (not schema ?| '{minLength,maxLength}' or
          length(value #>> '{}') between coalesce((schema ->> 'minLength')::numeric, 0) and coalesce((schema ->> 'maxLength')::numeric, 'infinity'))
        and (not schema ? 'pattern' or (value #>> '{}') ~ (schema ->> 'pattern'))
      when 'number' then
        (schema ->> 'type' = 'number' or schema ->> 'type' = 'integer' and value::numeric % 1 = 0)
        and not schema ?| '{exclusiveMinimum,exclusiveMaximum}'
        and value::numeric between coalesce((schema ->> 'minimum')::numeric, '-infinity') and coalesce((schema ->> 'maximum')::numeric, 'infinity')
      when 'boolean' then schema ->> 'type' = 'boolean'
    end;
$$;
comment on function taskq_private.schema_fits(jsonb, jsonb) is 'Whether a text, number or boolean plainly fits a JSON Schema.';
--! EndIncluded 0_base/schema_fits.sql
--! Included 0_base/schema_doubts.sql
-- The fields of an object that schema_error() must look at: all but those that plainly fit, or fit one of several choices.
create or replace function taskq_private.schema_doubts(value jsonb, schema jsonb)
returns table (key text, field jsonb, field_schema jsonb)
language sql
immutable
parallel safe
as $$
  select e.key, e.value, s.schema
  from jsonb_each(value) as e
  cross join lateral (select coalesce(schema -> 'properties' -> e.key, schema -> 'additionalProperties') offset 0) as s (schema)
  where s.schema not in ('{}', 'true')
    and taskq_private.schema_fits(e.value, s.schema) is not true
    and not exists (
      select from jsonb_array_elements(case when jsonb_typeof(s.schema -> 'anyOf') = 'array' then s.schema -> 'anyOf' end) as a (schema)
      where taskq_private.schema_fits(e.value, a.schema)
    );
$$;
comment on function taskq_private.schema_doubts(jsonb, jsonb) is 'The fields of an object that do not plainly fit their schemas.';
--! EndIncluded 0_base/schema_doubts.sql
--! Included 0_base/schema_error.sql
-- Checks a value against the part of JSON Schema that z.toJSONSchema() writes. Unknown keywords are not checked here; the
-- worker checks the payload again with the task's own schema.
create or replace function taskq_private.schema_error(value jsonb, schema jsonb, path text)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_type text := jsonb_typeof(value);
  v_key text;
  v_item jsonb;
  v_schema jsonb;
  v_error jsonb;
begin
  if schema ?| array['anyOf', 'oneOf'] then
    for v_item in select jsonb_array_elements(coalesce(schema -> 'anyOf', schema -> 'oneOf')) loop
      v_error := taskq_private.schema_error(value, v_item, path);
      exit when v_error is null;
    end loop;
    return v_error;
  end if;

  v_error := taskq_private.schema_scalar_error(value, v_type, schema, path);
  if v_error is not null then
    return v_error;
  end if;

  if v_type = 'object' then
    if schema ? 'required' then
      select r.name into v_key from jsonb_array_elements_text(schema -> 'required') as r (name) where not value ? r.name limit 1;
      if v_key is not null then
        return taskq_private.invalid(path || '.' || v_key, format('%s is required', path || '.' || v_key));
      end if;
    end if;
    for v_key, v_item, v_schema in select d.key, d.field, d.field_schema from taskq_private.schema_doubts(value, schema) as d loop
      v_error := case
        when v_schema = 'false' then taskq_private.invalid(path || '.' || v_key, format('%s is not known', path || '.' || v_key))
        else taskq_private.schema_error(v_item, v_schema, path || '.' || v_key)
      end;
      if v_error is not null then
        return v_error;
      end if;
    end loop;
  elsif v_type = 'array' and jsonb_typeof(schema -> 'items') = 'object' then
    for v_key, v_item in select (e.ordinality - 1)::text, e.value from jsonb_array_elements(value) with ordinality as e (value, ordinality) loop
      v_error := taskq_private.schema_error(v_item, schema -> 'items', path || '[' || v_key || ']');
      if v_error is not null then
        return v_error;
      end if;
    end loop;
  end if;
  return null;
end;
$$;
comment on function taskq_private.schema_error(jsonb, jsonb, text) is
  'The first place where a value breaks a JSON Schema, as an error value; null if it fits.';
--! EndIncluded 0_base/schema_error.sql
--! Included 1_submit/broken_fields.sql
-- One statement for the whole batch: every field of every request against request_fields. Only broken fields come back.
create or replace function taskq_private.broken_fields(requests jsonb)
returns table (ordinal bigint, field text, message text)
language sql
stable
as $$
  with request as (
    select r.ordinality as ordinal, case when jsonb_typeof(r.value) = 'object' then r.value end as fields
    from jsonb_array_elements(requests) with ordinality as r (value, ordinality)
  ), field as (
    select q.ordinal, f.key, f.value
    from request as q
    cross join lateral (
      select case when e.key like '%.%' then '"' || e.key || '"' else e.key end as key, e.value from jsonb_each(coalesce(q.fields, '{"": ""}')) as e
      union all
      select 'resource_requirements.' || e.key, e.value
      from jsonb_each(case when jsonb_typeof(q.fields -> 'resource_requirements') = 'object' then q.fields -> 'resource_requirements' end) as e
      union all
      select 'retry_config.' || e.key, e.value
      from jsonb_each(case when jsonb_typeof(q.fields -> 'retry_config') = 'object' then q.fields -> 'retry_config' end) as e
      union all
      select 'type', '""' where q.fields is not null and coalesce(q.fields -> 'type', 'null') = 'null'
    ) as f
  ), broken as (
    select f.ordinal, f.key,
      case
        when f.key = '' then 'a job must be an object'
        when k.field is null and f.key like 'resource_requirements.%' then taskq_private.resource_error(substr(f.key, 23), f.value)
        when k.field is null then f.key || ' is not a field of a job'
        when k.json_type = 'any' or f.value = 'null' then null
        when k.json_type = 'priority' then
          case when taskq_private.priority_of(f.value #>> '{}') is null then f.key || ' must be ' || k.description end
        when jsonb_typeof(f.value) <> k.json_type then f.key || ' must be ' || k.description
        when k.json_type = 'number' then
          case when not (f.value::numeric between k.minimum and k.maximum and (not k.whole or f.value::numeric % 1 = 0))
            or f.key = 'resource_requirements.cpu_units' and f.value::numeric * 1000 % 1 <> 0
            then f.key || ' must be ' || k.description end
        when k.json_type = 'string' then
          case when not (length(f.value #>> '{}') between k.minimum and k.maximum) or (f.value #>> '{}') !~ k.pattern
            then f.key || ' must be ' || k.description end
        when k.json_type = 'array' then
          case when jsonb_array_length(f.value) > k.maximum then f.key || ' must be ' || k.description end
        when f.key = 'metadata' and pg_column_size(f.value) > 16384 then f.key || ' must be ' || k.description
      end as message
    from field as f
    left join taskq_private.request_fields as k on k.field = f.key
  )
  select b.ordinal, b.key, b.message
  from broken as b
  where b.message is not null;
$$;
comment on function taskq_private.broken_fields(jsonb) is 'The fields of a list of requests that break a rule of request_fields.';
--! EndIncluded 1_submit/broken_fields.sql
--! Included 1_submit/check_requests.sql
create or replace function taskq_private.check_requests(requests jsonb)
returns table (ordinal bigint, error jsonb)
language sql
stable
as $$
  select distinct on (b.ordinal) b.ordinal, taskq_private.invalid(b.field, b.message)
  from taskq_private.broken_fields(requests) as b
  order by b.ordinal, b.field;
$$;
comment on function taskq_private.check_requests(jsonb) is 'The requests of a list that break a rule of request_fields, with their first error.';
--! EndIncluded 1_submit/check_requests.sql
--! Included 1_submit/is_too_deep.sql
-- A level takes at least 8 bytes of jsonb, so most payloads need not be looked into. One expression, so that it is inlined.
create or replace function taskq_private.is_too_deep(payload jsonb)
returns boolean
language sql
stable
parallel safe
as $$
  select pg_column_size(payload) > 512
    and jsonb_typeof(payload) in ('object', 'array')
    and jsonb_path_exists(payload, 'strict $.**{64} ? (@.type() == "object" || @.type() == "array")');
$$;
comment on function taskq_private.is_too_deep(jsonb) is 'Whether a payload is nested more than 64 levels deep.';
--! EndIncluded 1_submit/is_too_deep.sql
--! Included 1_submit/request_error.sql
-- What request_fields cannot say: the type is registered, the payload within the limits, run_at is an
-- instant, dependencies have their form. read_requests() asks only where something may be wrong. Null for a
-- good request.
create or replace function taskq_private.request_error(request jsonb, type text, is_known boolean, payload jsonb, run_at text)
returns jsonb
language plpgsql
stable
as $$
declare
  v_bad text;
begin
  if is_known is not true then
    return taskq_private.invalid('type', format('unknown job type "%s"', type), 'TQ421', 'Start a worker that registers it; select * from taskq.task_types lists the known ones.');
  end if;
  if pg_column_size(payload) > 1048576 and octet_length(payload::text) > 1048576 then
    return taskq_private.invalid('payload', 'payload is larger than 1 MiB', 'TQ413', 'Keep the data elsewhere and submit where it is.');
  end if;
  if taskq_private.is_too_deep(payload) then
    return taskq_private.invalid('payload', 'payload is nested more than 64 levels deep', 'TQ413');
  end if;
  if run_at is not null and taskq_private.to_instant(run_at) is null then
    return taskq_private.invalid('run_at', format('run_at "%s" is not an ISO 8601 instant with a time zone', run_at), 'TQ422', 'For example 2030-01-15T10:00:00Z.');
  end if;
  if jsonb_typeof(request -> 'depends_on') = 'array' then
    select d.value::text into v_bad
    from jsonb_array_elements(request -> 'depends_on') as d
    where case jsonb_typeof(d.value)
      when 'string' then d.value = '""'
      when 'object' then
        jsonb_typeof(d.value -> 'job') is distinct from 'string'
        or d.value -> 'job' = '""'
        or coalesce(nullif(d.value -> 'condition', 'null'), '"success"') not in ('"success"', '"failure"', '"finished"')
        or d.value - '{job,condition}'::text[] <> '{}'
      else true
    end
    limit 1;
    if v_bad is not null then
      return taskq_private.invalid(
        'depends_on', format('depends_on %s is neither a job nor {"job", "condition"} with success, failure or finished', left(v_bad, 200)), 'TQ422',
        'Give an id that submitting answered, or {"job": <it>, "condition": "success", "failure" or "finished"}.'
      );
    end if;
  end if;
  if request ->> 'concurrency_limit' is not null and request ->> 'concurrency_key' is null then
    return taskq_private.invalid('concurrency_limit', 'concurrency_limit needs a concurrency_key', 'TQ422', 'Say which jobs share it.');
  end if;
  return null;
end;
$$;
comment on function taskq_private.request_error(jsonb, text, boolean, jsonb, text) is 'What is wrong with a well-formed request, as an error value.';
--! EndIncluded 1_submit/request_error.sql
--! Included 1_submit/shape_of.sql
create or replace function taskq_private.shape_of(request jsonb)
returns jsonb
language sql
immutable
parallel safe
as $$
  select request - '{payload,idempotency_key,name,metadata,run_at,trace_context,depends_on}'::text[];
$$;
comment on function taskq_private.shape_of(jsonb) is 'What a request has in common with others: all but what is a job''s own.';
--! EndIncluded 1_submit/shape_of.sql
--! Included 1_submit/shapes_of.sql
-- Most requests of a list differ only in what is a job's own. The rest of a request is its shape, and is checked and read once
-- for all that share it.
create or replace function taskq_private.shapes_of(requests jsonb, errors jsonb, out shapes jsonb, out some_have_own boolean)
language plpgsql
immutable
as $$
begin
  if jsonb_array_length(requests) = 1 and errors = '{}' then -- one job has no others to share it with
    some_have_own := true;
    shapes := case jsonb_typeof(requests -> 0) when 'object' then jsonb_build_array(taskq_private.shape_of(requests -> 0)) else requests end;
    return;
  end if;
  select jsonb_agg(s.shape), bool_or(s.has_own) into shapes, some_have_own
  from (
    select
      case jsonb_typeof(e.value) when 'object' then taskq_private.shape_of(e.value) else e.value end as shape,
      bool_or(e.value ?| '{idempotency_key,name,metadata,run_at,trace_context,depends_on}') as has_own
    from jsonb_array_elements(requests) with ordinality as e (value, ordinality)
    where not errors ? e.ordinality::text
    group by 1
  ) as s;
end;
$$;
comment on function taskq_private.shapes_of(jsonb, jsonb) is
  'The different shapes of those requests that have no error, and whether some have more of their own than a payload.';
--! EndIncluded 1_submit/shapes_of.sql
--! Included 1_submit/read_shapes.sql
-- Shapes -> what their jobs have in common: the type with its defaults, and the lane if there is one.
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
-- each test costs less than the call that it saves. Payloads of types with a schema are left to check_payloads().
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
      (s.takes_all or s.takes_objects and jsonb_typeof(p.payload) = 'object') is not true
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
--! Included 1_submit/check_payloads.sql
-- One statement finds the payloads that plainly fit; schema_error() is asked about the rest.
create or replace function taskq_private.check_payloads(jobs taskq_private.submission[])
returns taskq_private.submission[]
language plpgsql
stable
as $$
declare
  v_jobs taskq_private.submission[] := jobs;
  v_bad record;
begin
  for v_bad in
    with schema as materialized (
      select
        t.type,
        t.payload_schema || '{}' as schema, -- unpacked here, not again for each payload
        array(select jsonb_array_elements_text(t.payload_schema -> 'required')) as required,
        t.payload_schema ->> 'type' = 'object' and not t.payload_schema ?| '{anyOf,oneOf,const,enum}' as is_plain -- only its fields matter
      from (select distinct j.type from unnest(jobs) as j where j.is_unchecked and j.error is null) as j
      join taskq_private.task_types as t on t.type = j.type
    )
    select j.ordinal, taskq_private.schema_error(j.payload, s.schema, 'payload') as error
    from unnest(jobs) as j
    join schema as s on s.type = j.type
    where j.is_unchecked and j.error is null
      and (
        s.is_plain and jsonb_typeof(j.payload) = 'object' and j.payload ?& s.required
        and not exists (select from taskq_private.schema_doubts(j.payload, s.schema))
      ) is not true
  loop
    if v_bad.error is not null then
      v_jobs[v_bad.ordinal].error := v_bad.error || '{"code": "TQ424"}';
    end if;
  end loop;
  return v_jobs;
end;
$$;
comment on function taskq_private.check_payloads(taskq_private.submission[]) is 'Marks submissions whose payload does not fit the schema of its type.';
--! EndIncluded 1_submit/check_payloads.sql
--! Included 1_submit/resolve_idempotency.sql
-- One key, one job, whatever the concurrency: `on conflict do nothing` waits for a rival that holds the key; whoever finds
-- another's job under its key answers with that job if the request was the same, and with an error if not.
-- Most keys are new, so all are tried in one statement; only what did not get its key is looked at by itself.
-- Locks: the keys, in their order, so that two batches cannot deadlock.
create or replace function taskq_private.resolve_idempotency(jobs taskq_private.submission[])
returns taskq_private.submission[]
language plpgsql
volatile
as $$
declare
  v_taken bigint;
  v_job taskq_private.submission;
  v_jobs taskq_private.submission[] := jobs;
  v_first taskq_private.idempotency_keys;
begin
  insert into taskq_private.idempotency_keys (idempotency_key, job_id, request_hash)
  select j.idempotency_key, j.job_id, j.request_hash
  from unnest(jobs) as j
  where j.idempotency_key is not null and j.error is null
  order by j.idempotency_key, j.ordinal
  on conflict do nothing;
  get diagnostics v_taken = row_count;
  if v_taken = (select count(*) from unnest(jobs) as j where j.idempotency_key is not null and j.error is null) then
    return jobs; -- all of them are new, as most are
  end if;

  for v_job in
    select j.*
    from unnest(jobs) as j
    left join lateral (
      select k.job_id from taskq_private.idempotency_keys as k where k.idempotency_key = j.idempotency_key offset 0
    ) as k on true
    where j.idempotency_key is not null and j.error is null and k.job_id is distinct from j.job_id
    order by j.idempotency_key, j.ordinal
  loop
    loop
      insert into taskq_private.idempotency_keys (idempotency_key, job_id, request_hash)
      values (v_job.idempotency_key, v_job.job_id, v_job.request_hash)
      on conflict do nothing;
      exit when found;
      select * into v_first from taskq_private.idempotency_keys as k where k.idempotency_key = v_job.idempotency_key;
      continue when not found; -- its job was deleted between the two statements

      v_job.job_id := v_first.job_id;
      v_job.repeated := true;
      if v_first.request_hash <> v_job.request_hash then
        v_job.error := taskq_private.invalid(
          'idempotency_key', format('idempotency_key "%s" was used by job %s for another request', v_job.idempotency_key, v_first.job_id),
          'TQ410', 'Use a new key for a new request.'
        ) || jsonb_build_object('job_id', v_first.job_id);
      end if;
      v_jobs[v_job.ordinal] := v_job;
      exit;
    end loop;
  end loop;
  return v_jobs;
end;
$$;
comment on function taskq_private.resolve_idempotency(taskq_private.submission[]) is
  'Takes the idempotency keys of submissions, and points those that come second at the first job.';
--! EndIncluded 1_submit/resolve_idempotency.sql
--! Included 1_submit/submit_requests.sql
-- The path of every submit. A graph is a list whose jobs may name each other, and is stored whole or not at all.
-- Locks: idempotency keys in order, then the places of dependencies (lock_parents). Raises: a graph's first error.
create or replace function taskq_private.submit_requests(requests jsonb, submitted_at timestamptz, is_graph boolean, workflow_id uuid default null)
returns taskq_private.submission[]
language plpgsql
volatile
as $$
declare
  v_jobs taskq_private.submission[] := taskq_private.read_requests(requests, submitted_at);
  v_some record;
begin
  select
    bool_or(j.error is not null) as has_error, bool_or(j.is_unchecked) as is_unchecked, bool_or(j.lane_id is null and j.error is null) as new_lane,
    bool_or(j.idempotency_key is not null) as has_key, bool_or(j.remaining_dependencies > 0) as waits
  into v_some
  from unnest(v_jobs) as j;

  if v_some.is_unchecked then
    v_jobs := taskq_private.check_payloads(v_jobs);
  end if;
  if is_graph then
    v_jobs := taskq_private.check_names(v_jobs);
    perform taskq_private.refuse_errors(v_jobs);
  end if;
  if v_some.new_lane then
    v_jobs := taskq_private.intern_lanes(v_jobs, submitted_at);
  end if;
  if v_some.has_key then
    v_jobs := taskq_private.resolve_idempotency(v_jobs);
  end if;
  if v_some.waits then
    v_jobs := taskq_private.read_dependencies(v_jobs, requests, is_graph);
    if is_graph then
      perform taskq_private.refuse_cycles(v_jobs);
    end if;
    v_jobs := taskq_private.resolve_dependencies(v_jobs, is_graph);
  end if;
  if is_graph then
    perform taskq_private.refuse_errors(v_jobs);
  elsif v_some.has_key and v_some.waits then
    v_jobs := taskq_private.return_keys(v_jobs);
  end if;

  if v_some.has_error or v_some.is_unchecked or v_some.has_key or v_some.waits then -- some may not be to be stored
    perform taskq_private.store_jobs(
      array(select j from unnest(v_jobs) as j where j.error is null and j.repeated is not true), submitted_at, submit_requests.workflow_id
    );
  else
    perform taskq_private.store_jobs(v_jobs, submitted_at, submit_requests.workflow_id);
  end if;
  return v_jobs;
end;
$$;
comment on function taskq_private.submit_requests(jsonb, timestamptz, boolean, uuid) is
  'Stores what is good of a list of requests, and answers what became of each.';
--! EndIncluded 1_submit/submit_requests.sql
--! Included 1_submit/lane_warnings.sql
-- A list has many jobs but few lanes.
create or replace function taskq_private.lane_warnings(jobs taskq_private.submission[])
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select coalesce(jsonb_object_agg(l.lane_id, w.warnings) filter (where w.warnings <> '{}'), '{}')
    from (select distinct j.lane_id from unnest(jobs) as j where j.cpu_units > 0 or j.memory_mb > 0 or j.resources <> '{}') as l
    cross join lateral (select taskq_private.submit_warnings(l.lane_id)) as w (warnings)
    where l.lane_id is not null
  );
end;
$$;
comment on function taskq_private.lane_warnings(taskq_private.submission[]) is 'What submitters should know, by lane; lanes without a warning are not in it.';
--! EndIncluded 1_submit/lane_warnings.sql
--! Included 1_submit/submit_each.sql
-- nothing -> pending | blocked | ready. Every job of the list is answered for itself: a bad one gets an error as a value
-- and harms no other. Doors gather concurrent submits into one call of this.
-- Calls: submit_requests. Locks: idempotency keys in order, then the places of dependencies.
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
begin
  if jsonb_typeof(requests) is distinct from 'array' then
    perform taskq_private.raise_error(taskq_private.invalid('jobs', 'jobs must be a list of objects'));
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
--! Included 1_submit/submit_jobs.sql
-- nothing -> pending | blocked | ready. A graph of jobs, all of them or none, as a workflow if it is given as one.
-- Calls: start_workflow, submit_requests. Locks: the workflow's idempotency key, those of jobs in order, then the places of
-- dependencies. Raises: the first error, its field prefixed with jobs[n] or workflow; TQ425 with the members of a cycle.
create or replace function taskq.submit_jobs(jobs jsonb)
returns table (
  "position" integer, name text, job_id uuid, status taskq.job_status, created boolean, warnings text[], workflow_id uuid
)
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
  v_requests jsonb := taskq_private.check_graph(jobs);
  v_workflow_id uuid;
  v_is_repeated boolean;
  v_jobs taskq_private.submission[];
  v_some_end boolean;
begin
  if jobs -> 'workflow' <> 'null' then
    select w.workflow_id, w.is_repeated into v_workflow_id, v_is_repeated
    from taskq_private.start_workflow(jobs -> 'workflow', v_requests, v_now) as w;
    if v_is_repeated then
      return query select * from taskq_private.repeated_workflow(v_workflow_id, v_requests);
      return;
    end if;
  end if;
  v_jobs := taskq_private.submit_requests(v_requests, v_now, true, v_workflow_id);
  if v_workflow_id is not null then
    v_workflow_id := taskq_private.adjust_workflow(v_workflow_id, v_jobs);
  end if;

  -- a job that can never run takes others of its graph with it
  v_some_end := (select bool_or(j.doomed_by is not null) from unnest(v_jobs) as j);
  return query
    select
      j.ordinal - 1,
      j.name,
      j.job_id,
      case when v_some_end then taskq_private.status_of(j.job_id) else taskq_private.submission_status(j, v_now) end,
      j.repeated is not true,
      case when j.cpu_units > 0 or j.memory_mb > 0 or j.resources <> '{}' -- else it fits everywhere, and no lane is looked at
        then array(select jsonb_array_elements_text((select taskq_private.lane_warnings(v_jobs)) -> j.lane_id::text)) else '{}' end,
      v_workflow_id
    from unnest(v_jobs) as j;
end;
$$;
comment on function taskq.submit_jobs(jsonb) is
  'Submits a list of jobs, or {"workflow": {"name", "metadata", "idempotency_key"}, "jobs": [...]}, in one transaction, all or none. Each job has the fields of POST /jobs; its depends_on may name other jobs of the call, as "a" or {"job": "a", "condition": "failure"}. Positions count from 0. Example: select * from taskq.submit_jobs(''[{"name": "a", "type": "echo"}, {"name": "b", "type": "echo", "depends_on": ["a"]}]'').';
--! EndIncluded 1_submit/submit_jobs.sql
--! Included 5_finish/retry_delay.sql
-- The exponent stops before the power would overflow: at e^650, far above any max_delay_seconds.
create or replace function taskq_private.retry_delay(spec taskq_private.job_specs, attempt smallint)
returns double precision
language sql
volatile
as $$
  select least(
    spec.initial_delay_seconds
      * power(spec.backoff_multiplier::double precision, least(attempt - 1, 650 / greatest(ln(spec.backoff_multiplier::double precision), 0.5))),
    spec.max_delay_seconds
  ) * (1 + spec.jitter * random());
$$;
comment on function taskq_private.retry_delay(taskq_private.job_specs, smallint) is
  'Seconds to wait after this attempt: initial_delay_seconds × backoff_multiplier^(attempt - 1), at most max_delay_seconds, and up to the share of jitter more.';
--! EndIncluded 5_finish/retry_delay.sql
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
--! Included 7_operate/history_tables.sql
create or replace function taskq_private.history_tables(family text)
returns text[]
language sql
immutable
as $$
  select case family
    when 'jobs' then array['job_specs', 'finished_jobs', 'job_attempts', 'job_logs']
    when 'events' then array['job_events']
  end;
$$;
comment on function taskq_private.history_tables(text) is 'The tables that are cut into the periods of this family.';
--! EndIncluded 7_operate/history_tables.sql
--! Included 7_operate/history_ttl.sql
create or replace function taskq_private.history_ttl(family text)
returns interval
language sql
stable
as $$
  select case family when 'jobs' then s.job_ttl_seconds else s.event_ttl_seconds end * interval '1 second'
  from taskq_private.settings as s;
$$;
comment on function taskq_private.history_ttl(text) is 'How long what has ended is kept.';
--! EndIncluded 7_operate/history_ttl.sql
--! Included 7_operate/history_length.sql
-- A sixth of what is kept: what goes whole is kept that much longer at most, and there are about ten partitions of a table.
create or replace function taskq_private.history_length(family text)
returns interval
language sql
stable
as $$
  select greatest(taskq_private.history_ttl(family) / 6, interval '10 minutes');
$$;
comment on function taskq_private.history_length(text) is 'How long a period is.';
--! EndIncluded 7_operate/history_length.sql
--! Included 7_operate/history_bound.sql
-- Where a period begins or ends, as the bound of its partitions: jobs by id, whose first bits are the instant of the submit.
create or replace function taskq_private.history_bound(family text, instant timestamptz, if_infinite text default 'maxvalue')
returns text
language sql
stable
as $$
  select case
    when not isfinite(instant) then if_infinite
    when family = 'jobs' then quote_literal(taskq_private.job_id_floor(instant))
    else quote_literal(instant)
  end;
$$;
comment on function taskq_private.history_bound(text, timestamptz, text) is 'An instant as it is written in `for values from … to …`.';
--! EndIncluded 7_operate/history_bound.sql
--! Included 7_operate/keep_history.sql
-- One step of what history asks for: a new period when the newest is about to begin, or the oldest dropped when it has been
-- kept long enough. If the tables cannot be had at once, it is tried again in a minute.
-- Locks: see lock_history(), so it comes last in its transaction.
create or replace function taskq_private.keep_history()
returns void
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_horizon timestamptz;
  v_due taskq_private.history_periods;
begin
  select p.*
  into v_due
  from unnest(array['jobs', 'events']) as f (family)
  cross join lateral (select taskq_private.history_ttl(f.family), taskq_private.history_length(f.family)) as kept (ttl, length)
  join taskq_private.history_periods as p on p.family = f.family
  where (p.tried_at is null or p.tried_at < v_now - interval '1 minute')
    and case when p.ends_at = 'infinity' then p.starts_at <= v_now + kept.length else isfinite(p.starts_at) and p.ends_at <= v_now - kept.ttl end
  order by p.ends_at <> 'infinity', p.starts_at
  limit 1;
  if not found then
    return;
  end if;

  if v_due.family = 'jobs' and v_due.ends_at <> 'infinity' then
    v_horizon := v_now - taskq_private.history_ttl('jobs');
    if taskq_private.delete_attached(v_due, v_horizon, 2000) then
      return;
    end if;
  end if;
  update taskq_private.history_periods as p
  set tried_at = v_now, swept_to = null
  where p.family = v_due.family and p.starts_at = v_due.starts_at;
  begin
    if v_due.ends_at = 'infinity' then
      perform taskq_private.open_period(v_due.family);
    else
      perform taskq_private.drop_period(v_due);
    end if;
  exception
    when lock_not_available or deadlock_detected then null;
  end;
end;
$$;
comment on function taskq_private.keep_history() is 'Opens the next period of history, or drops one that has been kept long enough.';
--! EndIncluded 7_operate/keep_history.sql
--! Included 7_operate/open_period.sql
-- Cuts a period from the newest, before its time comes: then nothing is in it. Where nobody ticked for long, its rows move along.
-- Locks: the tables of the family, exclusively, until the transaction ends.
create or replace function taskq_private.open_period(family text)
returns void
language plpgsql
volatile
as $$
declare
  v_length interval := taskq_private.history_length(family);
  v_newest taskq_private.history_periods;
  v_opened taskq_private.history_periods;
  v_table text;
begin
  perform taskq_private.lock_history(family);
  select * into strict v_newest from taskq_private.history_periods as p where p.family = open_period.family and p.ends_at = 'infinity';
  v_newest.tried_at := null;
  v_opened := v_newest;
  v_opened.name := to_char(v_newest.starts_at at time zone 'UTC', 'YYYYMMDD_HH24MISS');
  v_opened.ends_at := date_bin(v_length, greatest(v_newest.starts_at, taskq_private.clock()), '2000-01-01') + v_length;
  v_newest.starts_at := v_opened.ends_at;
  delete from taskq_private.history_periods as p where p.family = open_period.family and p.ends_at = 'infinity';
  insert into taskq_private.history_periods select v_opened.*;
  insert into taskq_private.history_periods select v_newest.*;

  foreach v_table in array taskq_private.history_tables(family) loop
    execute format('alter table taskq_private.%I detach partition taskq_private.%I', v_table, v_table || '_new');
    execute format('alter table taskq_private.%I rename to %I', v_table || '_new', v_table || '_moved');
    perform taskq_private.add_partition(v_table, v_opened);
    perform taskq_private.add_partition(v_table, v_newest);
    execute format('insert into taskq_private.%I select * from taskq_private.%I', v_table, v_table || '_moved');
    execute format('drop table taskq_private.%I', v_table || '_moved');
  end loop;
end;
$$;
comment on function taskq_private.open_period(text) is 'Makes partitions for the next stretch of time.';
--! EndIncluded 7_operate/open_period.sql
--! Included 7_operate/lock_history.sql
-- Whoever reads or writes history holds a share of these locks until the transaction ends, so nobody is at it when they are
-- had. Others queue up behind the one who waits, so it waits for a moment only, and tries again in a minute.
-- Locks: all tables of the family, exclusively. Raises: 55P03.
create or replace function taskq_private.lock_history(family text)
returns void
language plpgsql
volatile
set lock_timeout = '100ms'
as $$
begin
  if family = 'jobs' then
    lock table taskq_private.job_specs, taskq_private.finished_jobs, taskq_private.job_attempts, taskq_private.job_logs in access exclusive mode;
  else
    lock table taskq_private.job_events in access exclusive mode;
  end if;
end;
$$;
comment on function taskq_private.lock_history(text) is 'Has the tables of this family alone.';
--! EndIncluded 7_operate/lock_history.sql
--! Included 7_operate/add_partition.sql
-- Locks: the table, exclusively; the caller has them all.
create or replace function taskq_private.add_partition(table_name text, period taskq_private.history_periods)
returns void
language plpgsql
volatile
as $$
begin
  execute format(
    'create table taskq_private.%I partition of taskq_private.%I for values from (%s) to (%s)
      with (autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.02)',
    table_name || '_' || period.name, table_name,
    taskq_private.history_bound(period.family, period.starts_at, 'minvalue'), taskq_private.history_bound(period.family, period.ends_at)
  );
end;
$$;
comment on function taskq_private.add_partition(text, taskq_private.history_periods) is 'Makes the partition of this table for a period.';
--! EndIncluded 7_operate/add_partition.sql
--! Included 7_operate/drop_period.sql
-- What stays moves to the period before, which is stretched over this one. Too much to move, and the period waits.
-- Locks: the tables of the family, exclusively, until the transaction ends.
create or replace function taskq_private.drop_period(period taskq_private.history_periods)
returns boolean
language plpgsql
volatile
as $$
declare
  v_before taskq_private.history_periods;
  v_staying uuid[] := '{}';
  v_table text;
begin
  perform taskq_private.lock_history(period.family);
  if period.family = 'jobs' then
    v_staying := taskq_private.staying_jobs(
      taskq_private.job_id_floor(period.starts_at), taskq_private.job_id_floor(period.ends_at),
      taskq_private.clock() - taskq_private.history_ttl('jobs'), 10001
    );
    if cardinality(v_staying) > 10000 then
      return false;
    end if;
  end if;
  select p.* into strict v_before from taskq_private.history_periods as p where p.family = period.family and p.ends_at = period.starts_at;
  delete from taskq_private.history_periods as p where p.family = period.family and p.starts_at = period.starts_at;
  update taskq_private.history_periods as p set ends_at = period.ends_at where p.family = period.family and p.starts_at = v_before.starts_at;

  foreach v_table in array taskq_private.history_tables(period.family) loop
    execute format('alter table taskq_private.%I detach partition taskq_private.%I', v_table, v_table || '_' || v_before.name);
    execute format('alter table taskq_private.%I detach partition taskq_private.%I', v_table, v_table || '_' || period.name);
    if cardinality(v_staying) > 0 then
      execute format('insert into taskq_private.%I select * from taskq_private.%I where job_id = any ($1)', v_table || '_' || v_before.name, v_table || '_' || period.name)
      using v_staying;
    end if;
    execute format('drop table taskq_private.%I', v_table || '_' || period.name);
    execute format(
      'alter table taskq_private.%I attach partition taskq_private.%I for values from (%s) to (%s)', v_table, v_table || '_' || v_before.name,
      taskq_private.history_bound(period.family, v_before.starts_at, 'minvalue'), taskq_private.history_bound(period.family, period.ends_at)
    );
  end loop;
  return true;
end;
$$;
comment on function taskq_private.drop_period(taskq_private.history_periods) is
  'Drops the partitions of a period that has been kept long enough; false if more than 10,000 of its jobs must stay.';
--! EndIncluded 7_operate/drop_period.sql
--! Included 7_operate/staying_jobs.sql
-- What of a period must not go with it: jobs that have not ended, or ended late, and all that something still refers to (a key,
-- a workflow, an edge), since delete_attached() has taken what could go. With the tables locked this is exact.
create or replace function taskq_private.staying_jobs(from_id uuid, to_id uuid, horizon timestamptz, max_jobs integer)
returns uuid[]
language sql
stable
set enable_seqscan = off
set enable_bitmapscan = off
as $$
  select array(
    select w.job_id from taskq_private.waiting_jobs as w where w.job_id >= from_id and w.job_id < to_id
    union
    select r.job_id
    from taskq_private.lanes as l
    cross join lateral (
      select j.job_id from taskq_private.ready_jobs as j where j.lane_id = l.lane_id and j.job_id >= from_id and j.job_id < to_id
    ) as r
    union
    select u.job_id from taskq_private.claims as c cross join unnest(c.job_ids) as u (job_id) where u.job_id >= from_id and u.job_id < to_id
    union
    select f.job_id from taskq_private.finished_jobs as f where f.job_id >= from_id and f.job_id < to_id and f.finished_at >= horizon
    union
    select s.job_id from taskq_private.job_specs as s
    where s.job_id >= from_id and s.job_id < to_id and num_nonnulls(s.workflow_id, s.concurrency_key) > 0
    union
    select k.job_id from taskq_private.idempotency_keys as k where k.job_id >= from_id and k.job_id < to_id
    union
    select d.job_id from taskq_private.job_dependencies as d where d.job_id >= from_id and d.job_id < to_id
    union
    select d.depends_on_id from taskq_private.job_dependencies as d where d.depends_on_id >= from_id and d.depends_on_id < to_id
    limit max_jobs
  );
$$;
comment on function taskq_private.staying_jobs(uuid, uuid, timestamptz, integer) is 'Jobs with ids in this range that must be kept, at most max_jobs.';
--! EndIncluded 7_operate/staying_jobs.sql
--! Included 7_operate/delete_attached.sql
-- Before a period can go whole: what other tables hold for its jobs. A job with a workflow, a concurrency key or edges goes with
-- all of that; of others only the idempotency key goes, and the rest is dropped with the period. Goes on where it left off.
create or replace function taskq_private.delete_attached(period taskq_private.history_periods, horizon timestamptz, max_jobs integer)
returns boolean
language plpgsql
volatile
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  v_after uuid := coalesce(period.swept_to, taskq_private.job_id_floor(period.starts_at));
  v_end uuid := taskq_private.job_id_floor(period.ends_at);
  v_found uuid[];
  v_gone uuid[];
begin
  v_found := array(
    (select k.job_id from taskq_private.idempotency_keys as k where k.job_id > v_after and k.job_id < v_end order by k.job_id limit max_jobs)
    union
    (
      select s.job_id from taskq_private.job_specs as s
      where s.job_id > v_after and s.job_id < v_end and num_nonnulls(s.workflow_id, s.concurrency_key) > 0
      order by s.job_id limit max_jobs
    )
    union
    (select d.job_id from taskq_private.job_dependencies as d where d.job_id > v_after and d.job_id < v_end order by d.job_id limit max_jobs)
    order by job_id
    limit max_jobs
  );
  v_gone := taskq_private.deletable_jobs(v_found, horizon);
  delete from taskq_private.idempotency_keys as k where k.job_id = any (v_gone);
  perform taskq_private.delete_jobs(array(
    select s.job_id
    from unnest(v_gone) as g (job_id)
    join taskq_private.job_specs as s on s.job_id = g.job_id
    where num_nonnulls(s.workflow_id, s.concurrency_key) > 0
      or exists (select from taskq_private.job_dependencies as d where d.job_id = g.job_id)
  ));

  update taskq_private.history_periods as p
  set swept_to = v_found[cardinality(v_found)]
  where p.family = period.family and p.starts_at = period.starts_at;
  return cardinality(v_found) = max_jobs;
end;
$$;
comment on function taskq_private.delete_attached(taskq_private.history_periods, timestamptz, integer) is
  'Deletes what would keep jobs of this period from going with it; whether there may be more.';
--! EndIncluded 7_operate/delete_attached.sql
--! Included 7_operate/deletable_jobs.sql
-- A job stays while one that depends on it has not ended, since that may want its result, and while its workflow runs.
-- Locks: finished rows, skipping those that someone replays.
create or replace function taskq_private.deletable_jobs(job_ids uuid[], horizon timestamptz)
returns uuid[]
language sql
volatile
as $$
  select array(
    select f.job_id
    from unnest(job_ids) as c (job_id)
    join taskq_private.finished_jobs as f on f.job_id = c.job_id
    where f.finished_at < horizon
      and not exists (
        select from taskq_private.job_dependencies as d
        where d.depends_on_id = c.job_id and not exists (select from taskq_private.finished_jobs as child where child.job_id = d.job_id)
      )
      and not exists (
        select from taskq_private.job_specs as s join taskq_private.workflows as w on w.workflow_id = s.workflow_id
        where s.job_id = c.job_id and w.status = 'running'
      )
    for update of f skip locked
  );
$$;
comment on function taskq_private.deletable_jobs(uuid[], timestamptz) is 'Which of these jobs ended before the horizon and are wanted by nothing.';
--! EndIncluded 7_operate/deletable_jobs.sql
--! Included 7_operate/delete_expired.sql
-- Retention, in bounded batches, of what does not go with a whole period (goes_whole): each call looks at the next finished jobs
-- of a period, in the order of their ends, and begins again after the last.
-- Locks: finished rows, skipping those that someone replays.
create or replace function taskq_private.delete_expired(max_jobs integer default 1000)
returns integer
language plpgsql
volatile
set enable_seqscan = off
set enable_sort = off
set enable_bitmapscan = off
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_horizon timestamptz := v_now - taskq_private.history_ttl('jobs');
  v_period taskq_private.history_periods;
  v_seen record;
  v_gone uuid[];
  v_left integer := max_jobs;
  v_deleted integer := 0;
begin
  for v_period in select p.* from taskq_private.history_periods as p where p.family = 'jobs' and p.starts_at < v_horizon order by p.starts_at loop
    continue when taskq_private.goes_whole(v_period, v_horizon);
    select array_agg(f.job_id) as job_ids, max(f.finished_at) as last_at, count(*) as jobs
    into v_seen
    from (
      select j.job_id, j.finished_at
      from taskq_private.finished_jobs as j
      where j.job_id >= taskq_private.job_id_floor(v_period.starts_at)
        and j.job_id < taskq_private.job_id_floor(v_period.ends_at)
        and j.finished_at >= coalesce(v_period.cleared_at, '-infinity') and j.finished_at < v_horizon
      order by j.finished_at
      limit v_left
    ) as f;
    if v_seen.jobs > 0 then
      v_gone := taskq_private.deletable_jobs(v_seen.job_ids, v_horizon);
      perform taskq_private.delete_jobs(v_gone);
      v_deleted := v_deleted + cardinality(v_gone);
    end if;
    if v_seen.jobs = v_left or v_period.cleared_at is not null then
      update taskq_private.history_periods as p
      set cleared_at = case when v_seen.jobs = v_left then v_seen.last_at end
      where p.family = 'jobs' and p.starts_at = v_period.starts_at;
    end if;
    v_left := v_left - v_seen.jobs;
    exit when v_left = 0;
  end loop;

  delete from taskq_private.workers as w
  where w.ended_at < v_now - interval '1 day' and not exists (select from taskq_private.claims as c where c.worker_id = w.worker_id);
  return v_deleted;
end;
$$;
comment on function taskq_private.delete_expired(integer) is
  'Deletes finished jobs that have been kept long enough, looking at no more than max_jobs, and ended workers; answers how many jobs.';
--! EndIncluded 7_operate/delete_expired.sql
--! Included 7_operate/large_period_bytes.sql
create or replace function taskq_private.large_period_bytes()
returns bigint
language sql
immutable
parallel safe
as $$
  select 33554432::bigint;
$$;
comment on function taskq_private.large_period_bytes() is 'From what size of its finished jobs on a period is dropped whole: 32 MiB, some 200,000 jobs.';
--! EndIncluded 7_operate/large_period_bytes.sql
--! Included 7_operate/goes_whole.sql
-- A small period is cleared job by job, so that small queues keep to their ttl; a large one waits until all of it can go.
-- If that is late, because too much of it stays, it is cleared like a small one.
create or replace function taskq_private.goes_whole(period taskq_private.history_periods, horizon timestamptz)
returns boolean
language sql
stable
as $$
  select isfinite(period.starts_at)
    and period.ends_at > horizon - taskq_private.history_length('jobs')
    and pg_relation_size(to_regclass(format('taskq_private.%I', 'finished_jobs_' || period.name))) > taskq_private.large_period_bytes();
$$;
comment on function taskq_private.goes_whole(taskq_private.history_periods, timestamptz) is 'Whether a period of jobs is dropped rather than cleared.';
--! EndIncluded 7_operate/goes_whole.sql
--! Included 8_read/places.sql
-- The four places as one: where each job is now. Look-ups by id probe each place once.
create or replace view taskq_private.places as
select f.job_id, f.lane_id, f.status, f.attempt, null::timestamptz as due_at, null::timestamptz as ready_at, f.started_at, f.finished_at,
  f.claim_id, f.worker_id, f.reason, f.result, f.error, 0 as remaining_dependencies
from taskq_private.finished_jobs as f
union all
select w.job_id, w.lane_id, w.status, w.attempt, w.due_at, null, null, null, null, null, null, null, null, w.remaining_dependencies
from taskq_private.waiting_jobs as w
union all
select s.job_id, r.lane_id, 'ready', r.attempt, null, r.ready_at, null, null, null, null, null, null, null, 0
from taskq_private.job_specs as s
join taskq_private.ready_jobs as r on r.lane_id = s.lane_id and r.job_id = s.job_id
union all
select u.job_id, u.lane_id, 'running', u.attempt, null, null, c.claimed_at, null, c.claim_id, c.worker_id, null, null, null, 0
from taskq_private.claims as c
cross join unnest(c.job_ids, c.lane_ids, c.attempts) as u (job_id, lane_id, attempt);
comment on view taskq_private.places is 'Where each job is now: finished, waiting, ready or in a claim.';
--! EndIncluded 8_read/places.sql
--! Included 8_read/status_of.sql
-- Each place is asked only if the one before does not have it; the plans of PL/pgSQL are kept, and look at one partition.
create or replace function taskq_private.status_of(job_id uuid)
returns taskq.job_status
language plpgsql
stable
as $$
declare
  v_status taskq.job_status;
begin
  v_status := (select f.status from taskq_private.finished_jobs as f where f.job_id = status_of.job_id);
  v_status := coalesce(v_status, (select w.status from taskq_private.waiting_jobs as w where w.job_id = status_of.job_id));
  if v_status is null and exists (
    select
    from taskq_private.job_specs as s
    join taskq_private.ready_jobs as r on r.lane_id = s.lane_id and r.job_id = s.job_id
    where s.job_id = status_of.job_id
  ) then
    v_status := 'ready';
  end if;
  if v_status is null and exists (select from taskq_private.claims as c where c.job_ids @> array[status_of.job_id]) then
    v_status := 'running';
  end if;
  return v_status;
end;
$$;
comment on function taskq_private.status_of(uuid) is 'Where a job is; null if it is nowhere.';
--! EndIncluded 8_read/status_of.sql
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
  p.ready_at,
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
--! Included 8_read/get_job.sql
-- Raises: TQ404.
create or replace function taskq.get_job(job_id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_job jsonb;
begin
  select to_jsonb(j) || jsonb_build_object(
    'depends_on', (
      select coalesce(jsonb_agg(case d.condition when 'success' then to_jsonb(d.depends_on_id) else jsonb_build_object('job', d.depends_on_id, 'condition', d.condition) end order by d.depends_on_id), '[]')
      from taskq_private.job_dependencies as d where d.job_id = j.job_id
    ),
    'progress', (select jsonb_build_object('percent', p.percent, 'data', p.data, 'at', p.at) from taskq_private.job_progress as p where p.job_id = j.job_id),
    'cancel_requested_at', (select r.requested_at from taskq_private.cancel_requests as r where r.job_id = j.job_id)
  )
  into v_job
  from taskq.jobs as j
  where j.job_id = get_job.job_id;
  if v_job is null then
    perform taskq_private.lane_of(get_job.job_id);
  end if;
  return v_job;
end;
$$;
comment on function taskq.get_job(uuid) is 'One job as JSON: the columns of taskq.jobs, what it depends on as it was asked for, its progress, and when it was asked to stop.';
--! EndIncluded 8_read/get_job.sql
--! Included 8_read/get_jobs.sql
-- Each place is asked for the ids, in those partitions that can have them: a plan that is made once, and reads by index only.
create or replace function taskq.get_jobs(job_ids uuid[])
returns setof taskq.jobs
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_bitmapscan = off
set enable_material = off
set enable_memoize = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_first uuid := (select i.id from unnest(job_ids) as i (id) order by i.id limit 1);
  v_last uuid := (select i.id from unnest(job_ids) as i (id) order by i.id desc limit 1);
begin
  return query
    select j.*
    from taskq.jobs as j
    where j.job_id = any (job_ids) and j.job_id >= v_first and j.job_id <= v_last
    order by j.job_id desc;
end;
$$;
comment on function taskq.get_jobs(uuid[]) is
  'Jobs by their ids, newest first; ids of no job are passed over. Example: select job_id, status from taskq.get_jobs(array[:''a'', :''b'']::uuid[]).';
--! EndIncluded 8_read/get_jobs.sql
--! Included 8_read/job_executions.sql
create or replace view taskq.job_executions as
select a.job_id, a.attempt, a.claim_id, a.worker_id, a.outcome, a.started_at, a.ended_at, a.error
from taskq_private.job_attempts as a
union all
select f.job_id, f.attempt, f.claim_id, f.worker_id, f.outcome, f.started_at, f.finished_at, f.error
from taskq_private.finished_jobs as f
where f.claim_id is not null
union all
select u.job_id, u.attempt, c.claim_id, c.worker_id, null, c.claimed_at, null, null
from taskq_private.claims as c
cross join unnest(c.job_ids, c.attempts) as u (job_id, attempt);
comment on view taskq.job_executions is 'Every attempt: those before the last, the last, and those running (no outcome yet). Ask by job_id.';
--! EndIncluded 8_read/job_executions.sql
--! Included 8_read/job_logs.sql
create or replace view taskq.job_logs as
select l.job_id, l.log_id, l.attempt, l.at, l.level, l.message, l.data
from taskq_private.job_logs as l;
comment on view taskq.job_logs is 'What handlers wrote with job.log. Ask by job_id, order by log_id.';
--! EndIncluded 8_read/job_logs.sql
--! Included 8_read/dead_letters.sql
create or replace view taskq.dead_letters as
select f.job_id, s.name, l.type, l.queue, f.reason, f.error, f.attempt, f.finished_at as failed_at, s.payload, s.created_at, s.metadata
from taskq_private.finished_jobs as f
join taskq_private.job_specs as s on s.job_id = f.job_id
join taskq_private.lanes as l on l.lane_id = f.lane_id
where f.status = 'failed';
comment on view taskq.dead_letters is 'Jobs that failed for good. retry_job() runs one again, discard_job() deletes it.';
--! EndIncluded 8_read/dead_letters.sql
--! Included 8_read/job_dependencies.sql
create or replace view taskq.job_dependencies as
select d.job_id, d.depends_on_id, d.condition, d.satisfied
from taskq_private.job_dependencies as d;
comment on view taskq.job_dependencies is
  'Edges: job_id waits for depends_on_id until that has ended as condition asks (success, failure, finished). Ask by job_id or by depends_on_id.';
--! EndIncluded 8_read/job_dependencies.sql
--! Included 8_read/merged_places.sql
-- The heads of a lane and status are asked for as a range and an order of all three columns, so that no other index than theirs
-- will do, whatever the statistics say; the range of ids alone says which partitions are concerned.
create or replace function taskq_private.merged_places(lane_ids integer[], statuses taskq.job_status[], newest uuid, oldest uuid, max_rows integer)
returns table (job_id uuid)
language plpgsql
stable
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query
    select place.job_id
    from (
      select f.job_id
      from unnest(lane_ids) as l (id)
      cross join unnest(statuses) as s (status)
      cross join lateral (
        select j.job_id from taskq_private.finished_jobs as j
        where (j.lane_id, j.status, j.job_id) >= (l.id, s.status, oldest) and (j.lane_id, j.status, j.job_id) < (l.id, s.status, newest)
          and j.job_id >= oldest and j.job_id < newest
        order by j.lane_id desc, j.status desc, j.job_id desc limit max_rows
      ) as f
      where s.status in ('completed', 'failed', 'cancelled')
      union all
      select w.job_id
      from unnest(lane_ids) as l (id)
      cross join unnest(statuses) as s (status)
      cross join lateral (
        select j.job_id from taskq_private.waiting_jobs as j
        where (j.lane_id, j.status, j.job_id) >= (l.id, s.status, oldest) and (j.lane_id, j.status, j.job_id) < (l.id, s.status, newest)
          and j.job_id >= oldest and j.job_id < newest
        order by j.lane_id desc, j.status desc, j.job_id desc limit max_rows
      ) as w
      where s.status in ('pending', 'blocked', 'retrying')
      union all
      select r.job_id
      from unnest(lane_ids) as l (id)
      cross join lateral (
        select j.job_id from taskq_private.ready_jobs as j
        where j.lane_id = l.id and j.job_id < newest and j.job_id >= oldest
        order by j.job_id desc limit max_rows
      ) as r
      where 'ready' = any (statuses)
      union all
      select u.job_id
      from taskq_private.claims as c
      cross join unnest(c.job_ids, c.lane_ids) as u (job_id, lane_id)
      where 'running' = any (statuses) and u.lane_id = any (merged_places.lane_ids) and u.job_id < newest and u.job_id >= oldest
    ) as place
    order by place.job_id desc
    limit max_rows;
end;
$$;
comment on function taskq_private.merged_places(integer[], taskq.job_status[], uuid, uuid, integer) is
  'The newest jobs of these lanes and statuses, from the heads of the places'' indexes.';
--! EndIncluded 8_read/merged_places.sql
--! Included 8_read/in_status.sql
-- A row if the job is in one of these states. Plain SQL, so that it becomes part of the query that asks; who runs is found once, by the caller.
create or replace function taskq_private.in_status(job_id uuid, lane_id integer, statuses taskq.job_status[], running uuid[])
returns setof boolean
language sql
stable
as $$
  select true
  where exists (select from taskq_private.finished_jobs as f where f.job_id = in_status.job_id and f.status = any (statuses))
    or exists (select from taskq_private.waiting_jobs as w where w.job_id = in_status.job_id and w.status = any (statuses))
    or exists (
      select from taskq_private.ready_jobs as r where r.lane_id = in_status.lane_id and r.job_id = in_status.job_id and 'ready' = any (statuses)
    )
    or in_status.job_id = any (running);
$$;
comment on function taskq_private.in_status(uuid, integer, taskq.job_status[], uuid[]) is
  'Whether a job is in one of these states; running names the jobs that run, if those are asked for.';
--! EndIncluded 8_read/in_status.sql
--! Included 8_read/matching_job_ids.sql
-- Ids that match the filters, newest first. Each place shows the first rows of each lane from an index, and these are
-- merged: the cost follows the page and the number of lanes, not the number of jobs. Filters on what only the spec knows
-- start from the spec's own indexes.
create or replace function taskq_private.matching_job_ids(
  status taskq.job_status[], type text[], queue text[], priority smallint[], newest uuid, oldest uuid,
  run_at_from timestamptz, run_at_to timestamptz, metadata jsonb, workflow_id uuid, max_rows integer
)
returns setof uuid
language plpgsql
stable
as $$
declare
  v_lane_ids integer[] := array(
    select l.lane_id
    from taskq_private.lanes as l
    where (matching_job_ids.type is null or l.type = any (matching_job_ids.type))
      and (matching_job_ids.queue is null or l.queue = any (matching_job_ids.queue))
      and (matching_job_ids.priority is null or l.priority = any (matching_job_ids.priority))
  );
  v_statuses taskq.job_status[] := array(select distinct unnest(coalesce(matching_job_ids.status, enum_range(null::taskq.job_status))));
  v_running uuid[] := array(select unnest(c.job_ids) from taskq_private.claims as c where 'running' = any (matching_job_ids.status));
begin
  if workflow_id is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.workflow_id = matching_job_ids.workflow_id
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest
        and (matching_job_ids.metadata is null or s.metadata @> matching_job_ids.metadata)
        and (run_at_from is null or s.run_at >= run_at_from) and (run_at_to is null or s.run_at < run_at_to)
        and (matching_job_ids.status is null or exists (select from taskq_private.in_status(s.job_id, s.lane_id, v_statuses, v_running)))
      order by s.job_id desc
      limit max_rows;
  elsif metadata is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.metadata @> matching_job_ids.metadata
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest
        and (run_at_from is null or s.run_at >= run_at_from) and (run_at_to is null or s.run_at < run_at_to)
        and (matching_job_ids.status is null or exists (select from taskq_private.in_status(s.job_id, s.lane_id, v_statuses, v_running)))
      order by s.job_id desc
      limit max_rows;
  elsif run_at_from is not null or run_at_to is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.run_at >= coalesce(run_at_from, '-infinity') and s.run_at < coalesce(run_at_to, 'infinity')
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest
        and (matching_job_ids.status is null or exists (select from taskq_private.in_status(s.job_id, s.lane_id, v_statuses, v_running)))
      order by s.job_id desc
      limit max_rows;
  else
    return query select m.job_id from taskq_private.merged_places(v_lane_ids, v_statuses, newest, oldest, max_rows) as m;
  end if;
end;
$$;
comment on function taskq_private.matching_job_ids(
  taskq.job_status[], text[], text[], smallint[], uuid, uuid, timestamptz, timestamptz, jsonb, uuid, integer
) is 'The ids of jobs that match, newest first.';
--! EndIncluded 8_read/matching_job_ids.sql
--! Included 8_read/list_jobs.sql
-- Pages by id, newest first: give the last id of a page as `before` to get the next.
create or replace function taskq.list_jobs(
  status taskq.job_status[] default null,
  type text[] default null,
  queue text[] default null,
  priority smallint[] default null,
  created_from timestamptz default null,
  created_to timestamptz default null,
  run_at_from timestamptz default null,
  run_at_to timestamptz default null,
  metadata jsonb default null,
  workflow_id uuid default null,
  before uuid default null,
  max_rows integer default 50
)
returns setof taskq.jobs
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  v_job_ids uuid[];
begin
  v_job_ids := array(
    select m.job_id
    from taskq_private.matching_job_ids(
      status, type, queue, priority,
      least(before, taskq_private.job_id_floor(created_to), 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
      coalesce(taskq_private.job_id_floor(created_from), '00000000-0000-0000-0000-000000000000'),
      run_at_from, run_at_to, metadata, workflow_id, least(greatest(max_rows, 1), 1000)
    ) as m (job_id)
  );
  return query select j.* from taskq.get_jobs(v_job_ids) as j order by j.job_id desc;
end;
$$;
comment on function taskq.list_jobs(
  taskq.job_status[], text[], text[], smallint[], timestamptz, timestamptz, timestamptz, timestamptz, jsonb, uuid, uuid, integer
) is
  'Jobs that match every filter given, newest first, at most max_rows (1000). metadata matches jobs whose metadata contains it, workflow_id those of a workflow. For the next page give the last job_id as before. Example: select job_id, type, status from taskq.list_jobs(status => ''{failed}'', max_rows => 10).';
--! EndIncluded 8_read/list_jobs.sql
--! Included 8_read/workflows.sql
-- The stored counts and those not yet added to them, so the status is exact whenever one looks. The rule is that of
-- status_of_workflow(), written out: functions in a view run with the rights of whoever looks.
create or replace view taskq.workflows as
select
  w.workflow_id,
  w.name,
  (case
    when w.job_count > e.completed_count + e.failed_count + e.cancelled_count + e.skipped_count then 'running'
    when w.cancel_requested_at is not null and e.cancelled_count > 0 then 'cancelled'
    when e.failed_count > 0 then 'failed'
    when e.cancelled_count > 0 then 'cancelled'
    else 'completed'
  end)::taskq.workflow_status as status,
  w.job_count,
  w.job_count - e.completed_count - e.failed_count - e.cancelled_count - e.skipped_count as unfinished_count,
  e.completed_count,
  e.failed_count,
  e.cancelled_count,
  e.skipped_count,
  w.created_at,
  case when w.job_count = e.completed_count + e.failed_count + e.cancelled_count + e.skipped_count then e.finished_at end as finished_at,
  w.created_by,
  w.cancel_requested_at,
  w.cancel_reason,
  w.idempotency_key,
  w.metadata
from taskq_private.workflows as w
cross join lateral (
  select
    (w.completed_count + coalesce(sum(c.completed_count), 0))::integer as completed_count,
    (w.failed_count + coalesce(sum(c.failed_count), 0))::integer as failed_count,
    (w.cancelled_count + coalesce(sum(c.cancelled_count), 0))::integer as cancelled_count,
    (w.skipped_count + coalesce(sum(c.skipped_count), 0))::integer as skipped_count,
    greatest(w.finished_at, max(c.at)) as finished_at
  from taskq_private.workflow_counts as c
  where c.workflow_id = w.workflow_id
) as e;
comment on view taskq.workflows is
  'Graphs of jobs that were submitted under a name, with how many of their jobs have ended how. skipped_count are those that were not needed: handlers of failures that did not happen. For lists use taskq.list_workflows().';
--! EndIncluded 8_read/workflows.sql
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
  taskq.read_events, taskq.stream_position, taskq.late_events
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

-- the oldest period holds what there is, the newest what is to come; two more are cut from that at once
do $periods$
declare
  v_now timestamptz := taskq_private.clock();
  v_table text;
begin
  insert into taskq_private.history_periods (family, starts_at, ends_at, name)
  select f.family, p.starts_at, p.ends_at, p.name
  from unnest(array['jobs', 'events']) as f (family),
    (values ('-infinity'::timestamptz, v_now, 'old'), (v_now, 'infinity', 'new')) as p (starts_at, ends_at, name);
  foreach v_table in array array['job_specs', 'finished_jobs', 'job_attempts', 'job_logs', 'job_events'] loop
    execute format('alter table taskq_private.%I attach partition taskq_private.%I for values from (minvalue) to (%s)',
      v_table, v_table || '_old', taskq_private.history_bound(case v_table when 'job_events' then 'events' else 'jobs' end, v_now));
    perform taskq_private.add_partition(v_table, (select p from taskq_private.history_periods as p
      where p.name = 'new' and p.family = case v_table when 'job_events' then 'events' else 'jobs' end));
  end loop;
  for v_n in 1 .. 2 loop
    perform taskq_private.open_period('jobs');
    perform taskq_private.open_period('events');
  end loop;
end;
$periods$;

reset role;
