--! Previous: sha1:476187dc6736c92dff7b1f94e21ba308970dfda1
--! Hash: sha1:29353767d94ff234f51458fabac81e2d204701f2

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
  next_at timestamptz,
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
comment on column taskq_private.history_periods.next_at is 'Not to be cut or dropped before; null for as soon as it is due.';
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

-- claims know where lanes begin, and which claims a worker had when it was last looked at
create type taskq_private.front as (
  lane_id integer, priority smallint, cpu_units numeric, memory_mb integer, needs jsonb, handicap interval, ready_at timestamptz
);
comment on type taskq_private.front is 'A lane that has work: what a job of it takes, and where its first row is.';

create index index_claims_worker_id_claim_id on taskq_private.claims (worker_id, claim_id);
drop index taskq_private.index_claims_worker_id;

drop function taskq_private.next_due_in();
drop function taskq_private.promote_due_jobs(integer);
drop function taskq_private.free_capacity(taskq_private.workers);
drop function taskq_private.lane_levels(taskq_private.workers, taskq_private.capacity);
drop function taskq_private.lane_heads(taskq_private.workers, taskq_private.capacity, integer, smallint, integer, timestamptz);
drop function taskq_private.choose_lanes(taskq_private.workers, taskq_private.capacity, taskq_private.shadow, smallint[], integer, timestamptz, integer);
drop function taskq_private.large_head(taskq_private.workers, taskq_private.capacity);
drop function taskq_private.lock_pools(taskq_private.workers, boolean);
drop function taskq_private.plan_claim(taskq_private.workers, integer, boolean);
drop function taskq_private.pool_free(text[]);
drop function taskq_private.lock_worker(uuid);

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
  if value ~ '^[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?Z$' then
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
--! Included 0_base/session_floor.sql
-- Floors are settings of the session: another session, or one behind a pooler that resets them, has none and looks at everything.
create or replace function taskq_private.session_floor(name text)
returns jsonb
language sql
volatile
as $$
  select case
    when (nullif(current_setting(name, true), '')::jsonb ->> 'full_at')::float8 > extract(epoch from taskq_private.clock())
    then current_setting(name)::jsonb
  end;
$$;
comment on function taskq_private.session_floor(text) is 'Where this session may begin to look, as it found when it last looked at everything; null when it is time to do so again.';
--! EndIncluded 0_base/session_floor.sql
--! Included 0_base/keep_floor.sql
-- A full look may take a twentieth of the time, however many dead rows it meets: full_at is when the next one is due, 15
-- seconds from now at most.
create or replace function taskq_private.keep_floor(name text, old jsonb, began_at timestamptz, floor jsonb)
returns void
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_full_at jsonb := coalesce(old -> 'full_at', to_jsonb(extract(epoch from v_now + least(20 * (v_now - began_at), interval '15 seconds'))));
begin
  if current_setting('transaction_isolation') = 'read committed' then -- else what others have done meanwhile was not seen
    perform set_config(name, (floor || jsonb_build_object('full_at', v_full_at))::text, false);
  end if;
end;
$$;
comment on function taskq_private.keep_floor(text, jsonb, timestamptz, jsonb) is 'Remembers where the next looks of this session may begin.';
--! EndIncluded 0_base/keep_floor.sql
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
--! Included 2_ready/promote_due_jobs.sql
-- pending | retrying -> ready, when due. Bounded: the claim calls this when it has seen that something is due, tick() until
-- nothing is.
-- Locks: the due waiting rows, skipping those that another session has in hand.
create or replace function taskq_private.promote_due_jobs(max_jobs integer default 1000, first_due_at timestamptz default '-infinity')
returns integer
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_job_ids uuid[];
  v_lane_ids integer[];
  v_attempts smallint[];
  v_due_ats timestamptz[];
begin
  with due as materialized (
    select w.job_id
    from taskq_private.waiting_jobs as w
    where w.status <> 'blocked' and w.due_at >= first_due_at and w.due_at <= v_now
    order by w.due_at
    limit max_jobs
    for update skip locked
  ), promoted as (
    delete from taskq_private.waiting_jobs as w
    where w.job_id = any (array(select d.job_id from due as d))
    returning w.job_id, w.lane_id, w.attempt, w.due_at
  )
  select array_agg(p.job_id), array_agg(p.lane_id), array_agg(p.attempt), array_agg(p.due_at)
  into v_job_ids, v_lane_ids, v_attempts, v_due_ats
  from promoted as p;
  if v_job_ids is null then
    return 0;
  end if;
  perform taskq_private.make_ready(v_job_ids, v_lane_ids, v_attempts, v_due_ats);

  perform taskq_private.record_event('job_ready', v_job_ids, v_lane_ids, v_attempts);
  return cardinality(v_job_ids);
end;
$$;
comment on function taskq_private.promote_due_jobs(integer, timestamptz) is 'Makes jobs ready whose time has come; answers how many.';
--! EndIncluded 2_ready/promote_due_jobs.sql
--! Included 2_ready/make_ready.sql
-- Every way into ready but the two where no key can be in play: a fresh job without one, and a job that keeps its key. Jobs whose
-- key is at its limit are parked in waiting_jobs: the claim never sees them.
-- Locks: the keys, in their order; then parked jobs.
create or replace function taskq_private.make_ready(job_ids uuid[], lane_ids integer[], attempts smallint[], ready_ats timestamptz[])
returns void
language plpgsql
volatile
as $$
declare
  v_keys text[];
begin
  if not exists (select from taskq_private.concurrency_keys) then
    insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
    select j.lane_id, j.job_id, j.ready_at, j.attempt
    from unnest(job_ids, lane_ids, attempts, ready_ats) as j (job_id, lane_id, attempt, ready_at);
    return;
  end if;

  with job as materialized (
    select j.*, s.concurrency_key, l.priority
    from unnest(job_ids, lane_ids, attempts, ready_ats) as j (job_id, lane_id, attempt, ready_at)
    cross join lateral (select s.concurrency_key from taskq_private.job_specs as s where s.job_id = j.job_id offset 0) as s -- never by a hash of all
    join taskq_private.lanes as l on l.lane_id = j.lane_id
  ), plain as (
    insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
    select j.lane_id, j.job_id, j.ready_at, j.attempt from job as j where j.concurrency_key is null
  ), parked as (
    insert into taskq_private.waiting_jobs (job_id, lane_id, status, attempt)
    select j.job_id, j.lane_id, 'blocked', j.attempt from job as j where j.concurrency_key is not null
  ), keyed as (
    insert into taskq_private.keyed_jobs (job_id, concurrency_key, is_admitted, lane_id, priority, ready_at, attempt)
    select j.job_id, j.concurrency_key, false, j.lane_id, j.priority, j.ready_at, j.attempt from job as j where j.concurrency_key is not null
    returning concurrency_key
  )
  select array_agg(distinct k.concurrency_key) into v_keys from keyed as k;
  if v_keys is not null then
    perform taskq_private.admit_parked(v_keys);
  end if;
end;
$$;
comment on function taskq_private.make_ready(uuid[], integer[], smallint[], timestamptz[]) is 'Makes jobs ready, or parks them where their key is at its limit.';
--! EndIncluded 2_ready/make_ready.sql
--! Included 2_ready/leave_keys.sql
-- Called when jobs are no longer ready or running (and when parked ones go elsewhere): the next of their keys go on.
create or replace function taskq_private.leave_keys(job_ids uuid[])
returns void
language plpgsql
volatile
as $$
declare
  v_keys text[];
begin
  if not exists (select from taskq_private.concurrency_keys) then
    return;
  end if;
  with gone as (
    delete from taskq_private.keyed_jobs as j where j.job_id = any (job_ids) returning j.concurrency_key, j.is_admitted
  )
  select array_agg(distinct g.concurrency_key) into v_keys from gone as g where g.is_admitted;
  if v_keys is not null then
    perform taskq_private.admit_parked(v_keys);
  end if;
end;
$$;
comment on function taskq_private.leave_keys(uuid[]) is 'Gives back what these jobs held of the limits of their keys.';
--! EndIncluded 2_ready/leave_keys.sql
--! Included 2_ready/first_due_at.sql
-- While an old snapshot is held somewhere, what was promoted cannot be removed, and each look would walk over all of it. So a look
-- that read much is remembered by this session: until 20 times as long has passed, the next ones begin a tenth of a second before it.
-- What commits behind that, late, waits until then, or for tick(), which always begins at the beginning.
create or replace function taskq_private.first_due_at()
returns timestamptz
language plpgsql
volatile
as $$
declare
  v_began timestamptz := taskq_private.clock();
  v_read bigint := pg_stat_get_xact_blocks_fetched('taskq_private.waiting_jobs'::regclass);
  v_floor jsonb := taskq_private.session_floor('taskq.due_floor');
  v_due_at timestamptz := (
    select min(w.due_at)
    from taskq_private.waiting_jobs as w
    where w.status <> 'blocked' and w.due_at >= coalesce(to_timestamp((v_floor ->> 'at')::float8), '-infinity')
  );
begin
  if pg_stat_get_xact_blocks_fetched('taskq_private.waiting_jobs'::regclass) - v_read > 16 then
    perform taskq_private.keep_floor('taskq.due_floor', v_floor, v_began, jsonb_build_object(
      'at', extract(epoch from least(v_due_at, v_began) - interval '100 milliseconds')
    ));
  end if;
  return v_due_at;
end;
$$;
comment on function taskq_private.first_due_at() is 'When the next waiting job is due; null when none is.';
--! EndIncluded 2_ready/first_due_at.sql
--! Included 2_ready/hint_due.sql
-- Workers know the next due instant as of their last look. A job due before they look again needs a hint. Only what is due after
-- the caller's instant counts, as its own rows are: so nothing that was promoted long ago is walked over.
create or replace function taskq_private.hint_due(since timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  if exists (
    select from taskq_private.waiting_jobs as w where w.status <> 'blocked' and w.due_at >= since and w.due_at <= since + interval '5 seconds'
  ) then
    perform taskq_private.hint('ready');
  end if;
end;
$$;
comment on function taskq_private.hint_due(timestamptz) is 'Wakes workers when something is due soon, so that they set their timers.';
--! EndIncluded 2_ready/hint_due.sql
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
      rejected := taskq_private.finish_attempts(outcomes, worker_id);
    end if;
    v_is_more := taskq_private.settle_chunk() or outcomes is null and taskq_private.cancel_workflows();
  end if;

  v_due_at := taskq_private.first_due_at();
  if v_due_at <= taskq_private.clock() then
    v_worker := taskq_private.lock_worker(worker_id, max_jobs > 0);
    perform taskq_private.promote_due_jobs(1000, v_due_at);
    v_due_at := taskq_private.first_due_at();
  end if;
  if v_worker.status = 'active' and max_jobs > 0 then
    select t.claim_id, t.jobs into claim_next_job.claim_id, claim_next_job.jobs from taskq_private.take_jobs(v_worker, least(max_jobs, 100000)) as t;
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
  'Takes the best jobs that fit this worker now, at most max_jobs, under one claim_id; jobs is a list of {"job_id", "type", "queue", "attempt", "max_attempts", "timeout_seconds", "payload", "trace_context"}. outcomes is a list of {"claim_id", "job_id", "outcome", "result", "error", "fatal", "retry_after_seconds", "duration_seconds", "logs"} to record first; rejected names those whose claim was lost. Call again within next_due_in_seconds. Example: select j.* from taskq.claim_next_job(:''worker'', 5) as c, json_to_recordset(c.jobs) as j (job_id uuid, type text, payload json).';
--! EndIncluded 3_claim/claim_next_job.sql
--! Included 3_claim/is_idle.sql
-- Most calls of a worker that waits find nothing, so they lock and write nothing. A look that reads much says no, so that what comes
-- after it remembers where to begin.
create or replace function taskq_private.is_idle(worker_id uuid)
returns boolean
language plpgsql
volatile
as $$
declare
  v_read bigint := pg_stat_get_xact_blocks_fetched('taskq_private.ready_jobs'::regclass);
begin
  return coalesce(current_setting('taskq.lane_floors', true), '') = '' and exists (
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
        ))
      )
  ) and pg_stat_get_xact_blocks_fetched('taskq_private.ready_jobs'::regclass) - v_read <= 16;
end;
$$;
comment on function taskq_private.is_idle(uuid) is 'Whether a live worker has nothing to claim, to settle or to cancel: it need not even be locked.';
--! EndIncluded 3_claim/is_idle.sql
--! Included 3_claim/lock_worker.sql
-- The lock under which "used" is summed: one worker's claims are made one after the other, workers do not wait for each other.
-- Who only reports takes nothing, and so needs no lock: a worker may report and claim at the same time.
create or replace function taskq_private.lock_worker(worker_id uuid, is_claim boolean default true)
returns taskq_private.workers
language plpgsql
volatile
as $$
declare
  v_worker taskq_private.workers;
begin
  if is_claim then
    select * into v_worker from taskq_private.workers as w where w.worker_id = lock_worker.worker_id for no key update;
  else
    select * into v_worker from taskq_private.workers as w where w.worker_id = lock_worker.worker_id;
  end if;
  if not found then
    raise exception 'worker % is not registered', worker_id
      using errcode = 'TQ404', hint = 'Call taskq.register_worker() and use the id it answers.';
  end if;
  if v_worker.status in ('lost', 'stopped') then
    raise exception 'worker % is %, its jobs were given to others', worker_id, v_worker.status
      using errcode = 'TQ412', hint = 'Register again: taskq.register_worker() answers a new id.';
  end if;
  return v_worker;
end;
$$;
comment on function taskq_private.lock_worker(uuid, boolean) is 'The row of a live worker, locked until this transaction ends if it is to claim.';
--! EndIncluded 3_claim/lock_worker.sql
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

  job_ids := v_plan.job_ids;
  select array_agg(t.lane_id), array_agg(t.jobs), array_agg(t.handicap), array_agg(t.start)
  into lane_ids, job_counts, handicaps, starts
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
--! Included 3_claim/free_capacity.sql
-- Derived from the claims under the worker's lock, never from a counter that could drift. Ids of claims only grow, and a worker's are
-- made one after the other: so what held when this session last looked, and what came after it, is all there can be (keep_held).
create or replace function taskq_private.free_capacity(worker taskq_private.workers, is_claim boolean default false)
returns taskq_private.capacity
language plpgsql
volatile
as $$
declare
  v_read bigint := pg_stat_get_xact_blocks_fetched('taskq_private.claims'::regclass);
  v_held jsonb := nullif(current_setting('taskq.held', true), '')::jsonb -> worker.worker_id::text;
  v_known bigint[] := '{}';
  v_after bigint := 0;
  v_free taskq_private.capacity;
begin
  if v_held is not null then
    v_known := (v_held ->> 'claim_ids')::bigint[];
    v_after := v_held ->> 'after';
  end if;
  select
    worker.cpu_units - coalesce(sum(l.cpu_units * held.jobs), 0),
    worker.memory_mb - coalesce(sum(l.memory_mb * held.jobs), 0),
    case
      when worker.resources = '{}' then '{}'
      when count(*) filter (where l.resources <> '{}') = 0 then worker.resources
      else taskq_private.less(worker.resources, array_agg(l.resources) filter (where l.resources <> '{}'), array_agg(held.jobs) filter (where l.resources <> '{}'))
    end
  into v_free
  from (
    select u.lane_id, count(*) as jobs
    from (
      select c.lane_ids from taskq_private.claims as c where c.worker_id = worker.worker_id and c.claim_id > v_after
      union all
      select c.lane_ids from taskq_private.claims as c where c.claim_id = any (v_known)
    ) as c
    cross join unnest(c.lane_ids) as u (lane_id)
    group by u.lane_id
  ) as held
  join taskq_private.lanes as l on l.lane_id = held.lane_id;
  if is_claim and pg_stat_get_xact_blocks_fetched('taskq_private.claims'::regclass) - v_read > 16 + cardinality(v_known) then
    perform taskq_private.keep_held(worker.worker_id, v_known, v_after);
  end if;
  return v_free;
end;
$$;
comment on function taskq_private.free_capacity(taskq_private.workers, boolean) is 'What the worker has left of its cpu, its memory and its further resources.';
--! EndIncluded 3_claim/free_capacity.sql
--! Included 3_claim/keep_held.sql
-- The caller holds the worker's lock, so no claim of this worker is under way, and those to come have greater ids. Behind a pooler
-- a session serves many workers.
create or replace function taskq_private.keep_held(worker_id uuid, known bigint[], after bigint)
returns void
language plpgsql
volatile
as $$
declare
  v_held jsonb := coalesce(nullif(current_setting('taskq.held', true), ''), '{}');
begin
  if current_setting('transaction_isolation') <> 'read committed' then -- what others have claimed for this worker may not be seen
    return;
  end if;
  if (select count(*) from jsonb_object_keys(v_held)) >= 100 then
    v_held := '{}';
  end if;
  perform set_config('taskq.held', (v_held || jsonb_build_object(worker_id, jsonb_build_object(
    'after', (select case when s.is_called then s.last_value else 0 end from taskq_private.claim_ids as s),
    'claim_ids', array(
      select c.claim_id from taskq_private.claims as c where c.worker_id = keep_held.worker_id and c.claim_id > keep_held.after
      union all
      select c.claim_id from taskq_private.claims as c where c.claim_id = any (known)
    )::text
  )))::text, false);
end;
$$;
comment on function taskq_private.keep_held(uuid, bigint[], bigint) is 'Remembers which claims this worker holds, so that this session need not walk over those that have ended.';
--! EndIncluded 3_claim/keep_held.sql
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
    where r.lane_id = l.lane_id and r.ready_at >= coalesce(to_timestamp((v_floors ->> l.lane_id::text)::float8), '-infinity')
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
--! Included 3_claim/keep_lane_floors.sql
-- A lane that showed nothing has nothing up to the moment of the look, but for what has not committed yet.
create or replace function taskq_private.keep_lane_floors(
  worker taskq_private.workers, old jsonb, began_at timestamptz, fronts taskq_private.front[]
)
returns void
language plpgsql
volatile
as $$
begin
  perform taskq_private.keep_floor('taskq.lane_floors', old, began_at, jsonb_build_object('lanes', coalesce(old -> 'lanes', '{}') || (
    select jsonb_object_agg(l.lane_id, extract(epoch from least(f.ready_at, began_at) - interval '100 milliseconds'))
    from taskq_private.lanes as l
    left join unnest(fronts) as f on f.lane_id = l.lane_id
    join taskq_private.queues as q on q.queue = l.queue
    where l.type = any (worker.types)
      and (worker.queues is null or l.queue = any (worker.queues))
      and q.paused_at is null
      and l.cpu_units <= worker.cpu_units
      and l.memory_mb <= worker.memory_mb
  )));
end;
$$;
comment on function taskq_private.keep_lane_floors(taskq_private.workers, jsonb, timestamptz, taskq_private.front[]) is
  'Remembers where the lanes of this worker begin, so that this session''s next looks need not walk over what lies before.';
--! EndIncluded 3_claim/keep_lane_floors.sql
--! Included 3_claim/choose_lanes.sql
-- Which lanes to take from, once for each job. In words: the rows at the heads of the lanes come in effective order (lane_heads),
-- level by level where priority is strict; a few of each lane, and more once those of one are used up. In that order they are taken
-- while the running sum fits; one that does not fit is passed over, unless it has waited for reserve_after_seconds: then what comes
-- after it waits too (or, where a pool has too little for it, what takes from that pool). A worker that is kept free for a large job
-- takes only what will not delay that job (go_beside), wherever in its lane it is: then the answer names the jobs.
create or replace function taskq_private.choose_lanes(
  fronts taskq_private.front[], free taskq_private.capacity, beside taskq_private.shadow, levels smallint[], max_jobs integer,
  stop_before timestamptz, depth integer, out lane_ids integer[], out handicaps interval[], out ready_ats timestamptz[], out job_ids uuid[]
)
language plpgsql
volatile
as $$
declare
  v_free taskq_private.capacity := free;
  v_room taskq_private.capacity;
  v_beside taskq_private.shadow := beside;
  v_head record;
  v_level smallint;
  v_depth integer;
  v_seen integer;
  v_is_cut boolean;
  v_now timestamptz := taskq_private.clock();
  v_old timestamptz := v_now - (select s.reserve_after_seconds * interval '1 second' from taskq_private.settings as s);
begin
  <<by_level>>
  foreach v_level in array levels loop
    v_room := v_free;
    v_depth := coalesce(depth, 2 + 2 * max_jobs * cardinality(levels) / cardinality(fronts));
    v_seen := 0;
    loop
      v_is_cut := false;
      for v_head in
        select h.* from taskq_private.lane_heads(fronts, v_room, case when depth is null then max_jobs end, v_level, v_depth, v_old) as h
        where beside.until is null
          or h.cpu_units <= beside.cpu_units and h.memory_mb <= beside.memory_mb
          or v_now + taskq_private.expected_seconds(h.job_id) * interval '1 second' <= beside.until
        offset v_seen
      loop
        exit when v_is_cut;
        exit by_level when v_head.ready_at + v_head.handicap >= stop_before;
        v_is_cut := v_head.is_cut and depth is null;
        v_seen := v_seen + 1;
        if v_head.cpu_units > v_free.cpu_units or v_head.memory_mb > v_free.memory_mb then
          exit by_level when beside.until is null and v_head.ready_at <= v_old;
          continue;
        end if;
        if v_head.needs is not null and not taskq_private.covers(v_free.others, v_head.needs) then
          continue when v_head.ready_at > v_old;
          v_free.others := taskq_private.less(v_free.others, array[taskq_private.lacking(v_free.others, v_head.needs)], array[1]);
          continue;
        end if;
        if v_beside.until is not null then
          v_beside := taskq_private.go_beside(v_beside, v_head.job_id, v_head.cpu_units, v_head.memory_mb, v_head.needs);
          continue when v_beside.is_refused;
          job_ids := job_ids || v_head.job_id;
        end if;
        if v_head.needs is not null then
          v_free.others := taskq_private.less(v_free.others, array[v_head.needs], array[1]);
        end if;
        v_free.cpu_units := v_free.cpu_units - v_head.cpu_units;
        v_free.memory_mb := v_free.memory_mb - v_head.memory_mb;
        lane_ids := lane_ids || v_head.lane_id;
        handicaps := handicaps || v_head.handicap;
        ready_ats := ready_ats || v_head.ready_at;
        exit by_level when cardinality(lane_ids) = max_jobs;
      end loop;
      exit when not v_is_cut;
      v_depth := 4 * v_depth;
    end loop;
  end loop;
end;
$$;
comment on function taskq_private.choose_lanes(taskq_private.front[], taskq_private.capacity, taskq_private.shadow, smallint[], integer, timestamptz, integer) is
  'The lane of each job to take, so that together they fit what is free; what to add to its ready_at for the effective order; and, where not the first of a lane are meant, which jobs.';
--! EndIncluded 3_claim/choose_lanes.sql
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
    where r.lane_id = f.lane_id and r.ready_at >= f.ready_at
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
--! Included 3_claim/lock_pools.sql
-- Only the pools that lanes with work on them need: whoever looks for other work does not wait here. What a pool has granted
-- is summed under its lock, so claims that take from one pool are made one after the other.
-- Locks: rows of resource_pools, by pool.
create or replace function taskq_private.lock_pools(fronts taskq_private.front[], is_claim boolean)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_pools text[] := array(
    select distinct substr(n.key, 6)
    from unnest(fronts) as f
    cross join lateral jsonb_object_keys(f.needs) as n (key)
    where n.key like 'pool:%'
    order by 1
  );
begin
  if cardinality(v_pools) = 0 then
    return '{}';
  end if;
  if is_claim then
    perform from taskq_private.resource_pools as p where p.pool = any (v_pools) order by p.pool for no key update;
  end if;
  return taskq_private.pool_free(v_pools, is_claim);
end;
$$;
comment on function taskq_private.lock_pools(taskq_private.front[], boolean) is 'How much the jobs of these lanes can take of each pool; a claim holds those pools until it commits.';
--! EndIncluded 3_claim/lock_pools.sql
--! Included 3_claim/pool_free.sql
-- Capacities: what is not with running jobs, derived from the claims. Rates: what has come back since it was last counted.
-- A claim holds these pools, so no other that takes of them is under way, and those to come have greater ids: what held when this
-- session last looked for the same pools, and what came after it, is all there can be (the same as in free_capacity).
create or replace function taskq_private.pool_free(pools text[], is_claim boolean default false)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_began timestamptz := taskq_private.clock();
  v_read bigint := pg_stat_get_xact_blocks_fetched('taskq_private.claims'::regclass);
  v_floor jsonb := case when is_claim then taskq_private.session_floor('taskq.granted') end;
  v_is_known boolean := coalesce(v_floor ->> 'pools' = pools::text, false);
  v_known bigint[] := case when v_is_known then (v_floor ->> 'claim_ids')::bigint[] else '{}' end;
  v_after bigint := case when v_is_known then (v_floor ->> 'after')::bigint else 0 end;
  v_held_ids bigint[];
  v_free jsonb;
begin
  with claim as materialized (
    select c.claim_id, c.lane_ids from taskq_private.claims as c where c.claim_id > v_after
    union all
    select c.claim_id, c.lane_ids from taskq_private.claims as c where c.claim_id = any (v_known)
  ), held as materialized (
    select u.lane_id, count(*) as jobs from claim as c cross join unnest(c.lane_ids) as u (lane_id) group by u.lane_id
  ), used as materialized (
    select n.key, sum(n.value::numeric * h.jobs) as amount
    from held as h
    join taskq_private.lanes as l on l.lane_id = h.lane_id
    cross join lateral jsonb_each(taskq_private.lane_needs(l)) as n
    group by n.key
  )
  select coalesce(jsonb_object_agg(
    'pool:' || p.pool,
    case when p.refill_per_second is null then p.capacity - coalesce(u.amount, 0) else trunc(taskq_private.pool_tokens(p)::numeric, 6) end
  ), '{}'), (select array_agg(c.claim_id) from claim as c)
  into v_free, v_held_ids
  from taskq_private.resource_pools as p
  left join used as u on u.key = 'pool:' || p.pool
  where p.pool = any (pool_free.pools);

  if is_claim and pg_stat_get_xact_blocks_fetched('taskq_private.claims'::regclass) - v_read > 16 + cardinality(v_known) then
    perform taskq_private.keep_floor('taskq.granted', case when v_is_known then v_floor end, v_began, jsonb_build_object(
      'pools', pools::text, 'claim_ids', coalesce(v_held_ids, '{}')::text, 'after', (select case when s.is_called then s.last_value else 0 end from taskq_private.claim_ids as s)
    ));
  end if;
  return v_free;
end;
$$;
comment on function taskq_private.pool_free(text[], boolean) is 'How much of each pool can go out now.';
--! EndIncluded 3_claim/pool_free.sql
--! Included 3_claim/tokens_in.sql
-- So that a timer and no poll decides: a job that waits for nothing but a rate is claimed when the rate allows it.
create or replace function taskq_private.tokens_in()
returns double precision
language sql
volatile
as $$
  select min(greatest((n.value::numeric - taskq_private.pool_tokens(p)::numeric) / p.refill_per_second::numeric, 0.001))::double precision
  from taskq_private.lanes as l
  cross join lateral jsonb_each(taskq_private.lane_needs(l)) as n
  cross join (select taskq_private.session_floor('taskq.lane_floors') -> 'lanes' as lanes offset 0) as floors
  join taskq_private.resource_pools as p on n.key = 'pool:' || p.pool and p.refill_per_second is not null
  where exists (
      select from taskq_private.ready_jobs as r
      where r.lane_id = l.lane_id and r.ready_at >= coalesce(to_timestamp((floors.lanes ->> l.lane_id::text)::float8), '-infinity')
    )
    and taskq_private.pool_tokens(p) < n.value::numeric
    and p.capacity >= n.value::numeric;
$$;
comment on function taskq_private.tokens_in() is 'Seconds until a rate allows the next ready job; null when none waits for a rate.';
--! EndIncluded 3_claim/tokens_in.sql
--! Included 3_claim/large_head.sql
-- The first job in line that is too large for what is free but not for the worker, once it has been ready for
-- reserve_after_seconds. Each job reserves one worker; a lane with k reservations shows its next job. Whatever comes after it
-- has to wait; while something that this worker could run comes before it, whether that fits now or not, it is not its turn
-- (is_first is false): else a low job would have the next room on a full worker, whatever urgent ones wait.
create or replace function taskq_private.large_head(
  worker taskq_private.workers, free taskq_private.capacity, fronts taskq_private.front[],
  out lane taskq_private.lanes, out job_id uuid, out order_at timestamptz, out is_first boolean
)
language plpgsql
stable
as $$
#variable_conflict use_column
declare
  v_old timestamptz := taskq_private.clock() - (select s.reserve_after_seconds * interval '1 second' from taskq_private.settings as s);
  v_all taskq_private.capacity := row(worker.cpu_units, worker.memory_mb, free.others || worker.resources);
  v_head record;
begin
  select l as lane, head.job_id, head.ready_at + f.handicap as order_at into v_head
  from unnest(fronts) as f
  join taskq_private.lanes as l on l.lane_id = f.lane_id
  cross join lateral (
    select r.ready_at, r.job_id from taskq_private.ready_jobs as r
    where r.lane_id = f.lane_id and r.ready_at >= f.ready_at and r.ready_at <= v_old
    order by r.ready_at, r.job_id
    offset (select count(*) from taskq_private.reservations as o where o.lane_id = l.lane_id)
    limit 1
  ) as head
  where (f.needs is null or taskq_private.covers(worker.resources, taskq_private.own_needs(l)))
    and (
      l.cpu_units > free.cpu_units or l.memory_mb > free.memory_mb
      or f.needs is not null and not taskq_private.covers(free.others, taskq_private.own_needs(l))
    )
    and (f.needs is null or taskq_private.covers(free.others, f.needs - array(select jsonb_object_keys(taskq_private.own_needs(l)))))
  order by head.ready_at + f.handicap, head.ready_at, head.job_id
  limit 1;

  lane := v_head.lane;
  job_id := v_head.job_id;
  order_at := v_head.order_at;
  is_first := order_at is not null and not exists (
    select from taskq_private.lane_heads(fronts, v_all, null, 0::smallint, (select count(*)::integer + 1 from taskq_private.reservations)) as h
    where h.ready_at + h.handicap < large_head.order_at and not exists (select from taskq_private.reservations as r where r.job_id = h.job_id)
  );
end;
$$;
comment on function taskq_private.large_head(taskq_private.workers, taskq_private.capacity, taskq_private.front[]) is
  'The job that this worker should be kept free for, or that what comes after it should not pass.';
--! EndIncluded 3_claim/large_head.sql
--! Included 3_claim/first_reserved.sql
-- The worker that comes free first starts the oldest large job that fits it, whoever was kept free for that one.
create or replace function taskq_private.first_reserved(worker taskq_private.workers, free taskq_private.capacity, own taskq_private.lanes)
returns taskq_private.lanes
language sql
stable
as $$
  select coalesce((
    select l
    from taskq_private.reservations as r
    cross join lateral (select j.ready_at, j.job_id from taskq_private.ready_jobs as j where j.lane_id = r.lane_id and j.job_id = r.job_id offset 0) as j
    join taskq_private.lanes as l on l.lane_id = r.lane_id
    join taskq_private.queues as q on q.queue = l.queue and q.paused_at is null
    where l.type = any (worker.types)
      and (worker.queues is null or l.queue = any (worker.queues))
      and taskq_private.lane_fits(l, free)
    order by j.ready_at + (l.priority - 1) * (coalesce(q.aging_seconds, 946080000) * interval '1 second'), j.ready_at, j.job_id
    limit 1
  ), own);
$$;
comment on function taskq_private.first_reserved(taskq_private.workers, taskq_private.capacity, taskq_private.lanes) is
  'The lane of the oldest job with a reservation that fits this worker; its own when there is none.';
--! EndIncluded 3_claim/first_reserved.sql
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

  perform taskq_private.record_event('job_started', v_taken.job_ids, v_taken.lane_ids, v_taken.attempts);
end;
$$;
comment on function taskq_private.take_jobs(taskq_private.workers, integer) is 'Claims the best jobs that fit; nothing comes back when there are none.';
--! EndIncluded 3_claim/take_jobs.sql
--! Included 4_run/heartbeat.sql
-- One a worker, never one a job. Locks: the worker's row. Raises: TQ412 when it was declared lost.
create or replace function taskq.heartbeat(
  worker_id uuid, load jsonb default null, out status taskq.worker_status, out cancel_requested uuid[]
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_worker taskq_private.workers := taskq_private.lock_worker(worker_id);
begin
  update taskq_private.workers as w
  set heartbeat_at = taskq_private.clock(), load = coalesce(heartbeat.load, w.load)
  where w.worker_id = heartbeat.worker_id;

  status := v_worker.status;
  cancel_requested := array(
    select r.job_id
    from taskq_private.cancel_requests as r
    cross join lateral (select c.worker_id from taskq_private.claims as c where c.claim_id = r.claim_id offset 0) as c -- never by a hash of all
    where c.worker_id = heartbeat.worker_id
  );
end;
$$;
comment on function taskq.heartbeat(uuid, jsonb) is
  'Says that the worker lives and what its machine really uses; answers its status and which of its jobs were asked to stop.';
--! EndIncluded 4_run/heartbeat.sql
--! Included 5_finish/end_attempts.sql
-- The one way out of a claim, for reports of workers, timeouts, cancels and lost workers alike.
-- Locks: the caller holds the claims; children follow in settle_dependents.
create or replace function taskq_private.end_attempts(ended taskq_private.ended_attempt[])
returns void
language plpgsql
volatile
as $$
declare
  v_job_ids uuid[];
  v_are_completed boolean;
begin
  if coalesce(cardinality(ended), 0) = 0 then
    return;
  end if;
  perform taskq_private.shrink_claims(ended);

  select array_agg(e.job_id), bool_and(e.outcome = 'completed') into v_job_ids, v_are_completed from unnest(ended) as e;
  if v_are_completed then
    perform taskq_private.complete_attempts(ended);
  else
    perform taskq_private.complete_attempts(array_agg(e)) from unnest(ended) as e where e.outcome = 'completed' having count(*) > 0;
    perform taskq_private.fail_attempts(array_agg(e)) from unnest(ended) as e where e.outcome <> 'completed';
  end if;

  if exists (select from taskq_private.resource_pools) then
    perform taskq_private.hint('ready'); -- other workers may have waited for what these held
  end if;
  delete from taskq_private.cancel_requests as r where r.job_id = any (v_job_ids);
  delete from taskq_private.job_progress as p where p.job_id = any (v_job_ids);
end;
$$;
comment on function taskq_private.end_attempts(taskq_private.ended_attempt[]) is 'Takes attempts out of their claims and gives each job its next place.';
--! EndIncluded 5_finish/end_attempts.sql
--! Included 5_finish/shrink_claims.sql
-- Most calls end a claim whole, which deletes its row; what is left of the others stays under the same claim_id.
create or replace function taskq_private.shrink_claims(ended taskq_private.ended_attempt[])
returns void
language plpgsql
volatile
as $$
declare
  v_claim_ids bigint[];
  v_left bigint[];
begin
  select array_agg(e.claim_id), array_agg(e.claim_id) filter (where e.ended_count < cardinality(c.job_ids))
  into v_claim_ids, v_left
  from (select u.claim_id, count(*) as ended_count from unnest(ended) as u group by u.claim_id) as e
  cross join lateral (select c.job_ids from taskq_private.claims as c where c.claim_id = e.claim_id offset 0) as c; -- never by a hash of all

  delete from taskq_private.claims as c where c.claim_id = any (v_claim_ids) and c.claim_id <> all (coalesce(v_left, '{}'));
  if v_left is null then
    return;
  end if;

  update taskq_private.claims as c
  set job_ids = kept.job_ids, lane_ids = kept.lane_ids, attempts = kept.attempts
  from (
    select h.claim_id, array_agg(h.job_id) as job_ids, array_agg(h.lane_id) as lane_ids, array_agg(h.attempt) as attempts
    from taskq_private.held_attempts(v_left) as h
    where not exists (select from unnest(ended) as e where e.job_id = h.job_id and e.claim_id = h.claim_id)
    group by h.claim_id
  ) as kept
  where c.claim_id = any (v_left) and c.claim_id = kept.claim_id;
end;
$$;
comment on function taskq_private.shrink_claims(taskq_private.ended_attempt[]) is 'Takes jobs out of their claims.';
--! EndIncluded 5_finish/shrink_claims.sql
--! Included 5_finish/complete_attempts.sql
-- running -> completed.
create or replace function taskq_private.complete_attempts(ended taskq_private.ended_attempt[])
returns void
language plpgsql
volatile
as $$
declare
  v_job_ids uuid[];
  v_lane_ids integer[];
  v_attempts smallint[];
begin
  insert into taskq_private.finished_jobs (job_id, lane_id, status, attempt, outcome, finished_at, started_at, claim_id, worker_id, result)
  select e.job_id, e.lane_id, 'completed', e.attempt, 'completed', taskq_private.clock(), e.started_at, e.claim_id, e.worker_id, e.result
  from unnest(ended) as e;

  select array_agg(e.job_id), array_agg(e.lane_id), array_agg(e.attempt) into v_job_ids, v_lane_ids, v_attempts from unnest(ended) as e;
  perform taskq_private.record_event('job_completed', v_job_ids, v_lane_ids, v_attempts);
  perform taskq_private.leave_keys(v_job_ids);
  perform taskq_private.count_workflow_jobs(v_job_ids, 1);
  perform taskq_private.settle_dependents(v_job_ids, 'completed');
end;
$$;
comment on function taskq_private.complete_attempts(taskq_private.ended_attempt[]) is 'Records completions and lets their dependents go.';
--! EndIncluded 5_finish/complete_attempts.sql
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
--! Included 5_finish/fail_attempts.sql
-- running -> retrying | ready | failed | cancelled. Each attempt that did not complete gets its job's next place, its row in
-- the history, and its event. A lost or released attempt is not charged; the third worker that a job takes down is the last.
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
  select greatest(date_trunc('second', taskq_private.history_ttl(family) / 6), interval '10 minutes');
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
-- One step for each family of what history asks for: a new period when the newest is about to begin, or the oldest dropped when it has
-- been kept long enough. If the tables cannot be had at once, it is tried again in a minute; if too much of a period must stay,
-- after another period. Nothing that goes wrong here may keep tick() from the rest of its work.
-- Locks: see lock_history(), so it comes last in its transaction.
create or replace function taskq_private.keep_history()
returns void
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_kept record;
  v_due taskq_private.history_periods;
  v_next_at timestamptz;
begin
  for v_kept in
    select f.family, taskq_private.history_ttl(f.family) as ttl, taskq_private.history_length(f.family) as length
    from unnest(array['jobs', 'events']) as f (family)
  loop
    select p.*
    into v_due
    from taskq_private.history_periods as p
    where p.family = v_kept.family
      and (p.next_at is null or p.next_at <= v_now)
      and case when p.ends_at = 'infinity' then p.starts_at <= v_now + v_kept.length else isfinite(p.starts_at) and p.ends_at <= v_now - v_kept.ttl end
    order by p.ends_at <> 'infinity', p.starts_at
    limit 1;
    continue when not found;
    continue when v_due.family = 'jobs' and v_due.ends_at <> 'infinity' and taskq_private.delete_attached(v_due, v_now - v_kept.ttl, 5000);

    v_next_at := v_now + interval '1 minute';
    begin
      if v_due.ends_at = 'infinity' then
        perform taskq_private.open_period(v_due.family);
      elsif not taskq_private.drop_period(v_due) then
        v_next_at := v_now + v_kept.length;
      end if;
    exception
      when lock_not_available or deadlock_detected then null;
      when others then raise warning 'history of % could not be kept: %', v_due.family, sqlerrm;
    end;
    update taskq_private.history_periods as p
    set next_at = v_next_at, swept_to = null
    where p.family = v_due.family and p.starts_at = v_due.starts_at and p.name = v_due.name;
  end loop;
end;
$$;
comment on function taskq_private.keep_history() is 'Opens the next period of history, or drops one that has been kept long enough.';
--! EndIncluded 7_operate/keep_history.sql
--! Included 7_operate/open_period.sql
-- Cuts a period from the newest, before its time comes: then nothing is in it. Where nobody ticked for long, what came meanwhile is in it
-- and stays where it is: the newest partition becomes that of the period.
-- Locks: the tables of the family, exclusively, until the transaction ends.
create or replace function taskq_private.open_period(family text)
returns void
language plpgsql
volatile
set lock_timeout = '100ms'
as $$
declare
  v_length interval := taskq_private.history_length(family);
  v_newest taskq_private.history_periods;
  v_opened taskq_private.history_periods;
  v_table text;
begin
  perform taskq_private.lock_history(family);
  select * into strict v_newest from taskq_private.history_periods as p where p.family = open_period.family and p.ends_at = 'infinity';
  v_newest.next_at := null;
  v_opened := v_newest;
  v_opened.name := to_char(v_newest.starts_at at time zone 'UTC', 'YYYYMMDD_HH24MISS');
  v_opened.ends_at := date_bin(v_length, greatest(v_newest.starts_at, taskq_private.clock()), '2000-01-01') + v_length;
  v_newest.starts_at := v_opened.ends_at;
  delete from taskq_private.history_periods as p where p.family = open_period.family and p.ends_at = 'infinity';
  insert into taskq_private.history_periods select v_opened.*;
  insert into taskq_private.history_periods select v_newest.*;

  foreach v_table in array taskq_private.history_tables(family) loop
    execute format('alter table taskq_private.%I detach partition taskq_private.%I', v_table, v_table || '_new');
    execute format('alter table taskq_private.%I rename to %I', v_table || '_new', v_table || '_' || v_opened.name);
    execute format(
      'alter table taskq_private.%I attach partition taskq_private.%I for values from (%s) to (%s)', v_table, v_table || '_' || v_opened.name,
      taskq_private.history_bound(family, v_opened.starts_at, 'minvalue'), taskq_private.history_bound(family, v_opened.ends_at)
    );
    perform taskq_private.add_partition(v_table, v_newest);
  end loop;
end;
$$;
comment on function taskq_private.open_period(text) is 'Makes partitions for the next stretch of time.';
--! EndIncluded 7_operate/open_period.sql
--! Included 7_operate/lock_history.sql
-- Whoever reads or writes history does so through these tables and holds a share of their locks until the transaction ends, so
-- nobody is at it when they are had. Others queue up behind the one who waits: the caller sets lock_timeout.
-- Locks: the tables of the family, exclusively; of their partitions only those that are changed. Raises: 55P03.
create or replace function taskq_private.lock_history(family text)
returns void
language plpgsql
volatile
as $$
begin
  if family = 'jobs' then
    lock table only taskq_private.job_specs, only taskq_private.finished_jobs, only taskq_private.job_attempts, only taskq_private.job_logs
    in access exclusive mode;
  else
    lock table only taskq_private.job_events in access exclusive mode;
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
-- What stays moves to the period before, which is stretched over this one. Too much to move, and the period waits: that is known before
-- anything is locked, and made sure of after.
-- Locks: the tables of the family, exclusively, until the transaction ends.
create or replace function taskq_private.drop_period(period taskq_private.history_periods)
returns boolean
language plpgsql
volatile
set lock_timeout = '100ms'
as $$
declare
  v_from uuid := taskq_private.job_id_floor(period.starts_at);
  v_to uuid := taskq_private.job_id_floor(period.ends_at);
  v_horizon timestamptz := taskq_private.clock() - taskq_private.history_ttl(period.family);
  v_before taskq_private.history_periods;
  v_staying uuid[] := '{}';
  v_has_rows boolean;
  v_table text;
begin
  if period.family = 'jobs' and cardinality(taskq_private.staying_jobs(v_from, v_to, v_horizon, 10001)) > 10000 then
    return false;
  end if;
  perform taskq_private.lock_history(period.family);
  if period.family = 'jobs' then
    v_staying := taskq_private.staying_jobs(v_from, v_to, v_horizon, 10001);
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
    execute format('select exists (select from taskq_private.%I)', v_table || '_' || v_before.name) into v_has_rows;
    if not v_has_rows or period.family = 'events' then -- its deleted rows need not be read again; events before this period are older still
      execute format('truncate taskq_private.%I', v_table || '_' || v_before.name);
    end if;
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
-- a workflow, an edge), since delete_attached() has taken what could go. With the tables locked this is exact. No part reads
-- more than max_jobs rows: each goes by an index of just those jobs.
create or replace function taskq_private.staying_jobs(from_id uuid, to_id uuid, horizon timestamptz, max_jobs integer)
returns uuid[]
language sql
stable
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
  select array(
    select distinct s.job_id
    from (
      (select w.job_id from taskq_private.waiting_jobs as w where w.job_id >= from_id and w.job_id < to_id limit max_jobs)
      union all
      (
        select r.job_id
        from taskq_private.lanes as l
        cross join lateral (
          select j.job_id from taskq_private.ready_jobs as j where j.lane_id = l.lane_id and j.job_id >= from_id and j.job_id < to_id
        ) as r
        limit max_jobs
      )
      union all
      select u.job_id from taskq_private.claims as c cross join unnest(c.job_ids) as u (job_id) where u.job_id >= from_id and u.job_id < to_id
      union all
      (
        select f.job_id from taskq_private.finished_jobs as f
        where f.job_id >= from_id and f.job_id < to_id and f.finished_at >= horizon
        order by f.finished_at -- by this index and no other
        limit max_jobs
      )
      union all
      (
        select s.job_id from taskq_private.job_specs as s
        where s.job_id >= from_id and s.job_id < to_id and num_nonnulls(s.workflow_id, s.concurrency_key) > 0
        limit max_jobs
      )
      union all
      (select k.job_id from taskq_private.idempotency_keys as k where k.job_id >= from_id and k.job_id < to_id limit max_jobs)
      union all
      (select d.job_id from taskq_private.job_dependencies as d where d.job_id >= from_id and d.job_id < to_id limit max_jobs)
      union all
      (
        select d.depends_on_id from taskq_private.job_dependencies as d
        where d.depends_on_id >= from_id and d.depends_on_id < to_id limit max_jobs
      )
    ) as s (job_id)
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
-- of each such period, in the order of their ends, and begins again after the last.
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
      limit max_jobs
    ) as f;
    if v_seen.jobs > 0 then
      v_gone := taskq_private.deletable_jobs(v_seen.job_ids, v_horizon);
      perform taskq_private.delete_jobs(v_gone);
      v_deleted := v_deleted + cardinality(v_gone);
    end if;
    if v_seen.jobs = max_jobs or v_period.cleared_at is not null then
      update taskq_private.history_periods as p -- always further: many may have ended at one instant
      set cleared_at = case when v_seen.jobs = max_jobs then greatest(v_seen.last_at, v_period.cleared_at + interval '1 microsecond') end
      where p.family = 'jobs' and p.starts_at = v_period.starts_at;
    end if;
  end loop;

  delete from taskq_private.workers as w
  where w.ended_at < v_now - interval '1 day' and not exists (select from taskq_private.claims as c where c.worker_id = w.worker_id);
  return v_deleted;
end;
$$;
comment on function taskq_private.delete_expired(integer) is
  'Deletes finished jobs that have been kept long enough, looking at no more than max_jobs of a period, and ended workers; answers how many jobs.';
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
-- If that is late, because too much of it stays, it is cleared like a small one. Late is told from its beginning: its end may
-- have been stretched over later ones.
create or replace function taskq_private.goes_whole(period taskq_private.history_periods, horizon timestamptz)
returns boolean
language sql
stable
as $$
  select isfinite(period.starts_at)
    and period.starts_at > horizon - 2 * taskq_private.history_length('jobs')
    and pg_relation_size(to_regclass(format('taskq_private.%I', 'finished_jobs_' || period.name))) > taskq_private.large_period_bytes();
$$;
comment on function taskq_private.goes_whole(taskq_private.history_periods, timestamptz) is 'Whether a period of jobs is dropped rather than cleared.';
--! EndIncluded 7_operate/goes_whole.sql
--! Included 7_operate/measure_types.sql
-- How long recent jobs of a type took; one type a tick, the one measured longest ago.
create or replace function taskq_private.measure_types()
returns void
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_type text := (
    select t.type from taskq_private.task_types as t
    where t.measured_at is null or t.measured_at < v_now - interval '1 minute'
    order by t.measured_at nulls first, t.type
    limit 1
  );
begin
  if v_type is null then
    return;
  end if;
  update taskq_private.task_types as t
  set measured_at = v_now, p95_seconds = coalesce(recent.p95_seconds, t.p95_seconds)
  from (
    select percentile_cont(0.95) within group (order by extract(epoch from f.finished_at - f.started_at)) as p95_seconds
    from taskq_private.lanes as l
    cross join lateral (
      select j.started_at, j.finished_at from taskq_private.finished_jobs as j
      where (j.lane_id, j.status) >= (l.lane_id, 'completed'::taskq.job_status) and (j.lane_id, j.status) <= (l.lane_id, 'completed'::taskq.job_status)
      order by j.lane_id desc, j.status desc, j.job_id desc -- by the index of the lane and no other
      limit 100
    ) as f
    where l.type = v_type
  ) as recent
  where t.type = v_type;
end;
$$;
comment on function taskq_private.measure_types() is 'Measures how long jobs of one type took of late.';
--! EndIncluded 7_operate/measure_types.sql
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
  v_first uuid := (select i.id from unnest(job_ids) as i (id) where i.id is not null order by i.id limit 1);
  v_last uuid := (select i.id from unnest(job_ids) as i (id) where i.id is not null order by i.id desc limit 1);
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
      select j.job_id, j.ready_at from taskq_private.ready_jobs as j where j.lane_id = p.lane_id and (v_plan.job_ids is null or j.job_id = any (v_plan.job_ids)) order by j.ready_at, j.job_id limit p.job_count
    ) as r
    order by 1;
end;
$$;
comment on function taskq.claim_preview(uuid, integer) is
  'What this worker would take now if it asked for max_jobs (its concurrency unless given), in order. Changes nothing. Example: select * from taskq.claim_preview((select worker_id from taskq.workers limit 1)).';
--! EndIncluded 8_read/claim_preview.sql
--! Included 8_read/lane_seconds.sql
create or replace function taskq_private.lane_seconds(lane taskq_private.lanes)
returns double precision
language sql
stable
as $$
  select coalesce(
    (
      select avg(extract(epoch from f.finished_at - f.started_at))
      from (
        select j.started_at, j.finished_at from taskq_private.finished_jobs as j
        where (j.lane_id, j.status) >= (lane.lane_id, 'completed'::taskq.job_status) and (j.lane_id, j.status) <= (lane.lane_id, 'completed'::taskq.job_status)
        order by j.lane_id desc, j.status desc, j.job_id desc limit 100 -- by the index of the lane and no other
      ) as f
    ),
    (
      select avg(taskq_private.expected_seconds(r.job_id))
      from (select o.job_id from taskq_private.ready_jobs as o where o.lane_id = lane.lane_id order by o.ready_at limit 100) as r
    )
  )::double precision;
$$;
comment on function taskq_private.lane_seconds(taskq_private.lanes) is 'How long a job of this lane takes: the mean of its last hundred, or what is expected of those at its head.';
--! EndIncluded 8_read/lane_seconds.sql
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
