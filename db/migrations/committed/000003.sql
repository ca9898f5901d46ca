--! Previous: sha1:8cf55c2d65b3443dc437980c591f438520cbef25
--! Hash: sha1:476187dc6736c92dff7b1f94e21ba308970dfda1

--! split: 1-current.sql
-- Scheduling by resources: pools, limits, keys, reservations.
set local role taskq_owner;

alter table taskq_private.settings
  add column reserve_after_seconds integer not null default 30,
  add constraint check_settings_reserve_after_seconds check (reserve_after_seconds between 1 and 86400);
comment on column taskq_private.settings.reserve_after_seconds is 'A job that is first in line and too large for what is free waits this long before a worker is kept free for it.';

alter table taskq_private.task_types
  add column resources jsonb not null default '{}',
  add column p95_seconds real,
  add column measured_at timestamptz;
comment on column taskq_private.task_types.resources is 'Further resources a job of this type takes unless it says otherwise, name to amount.';
comment on column taskq_private.task_types.p95_seconds is 'How long 95 of 100 of its recent jobs took at most; what is expected of one that says nothing.';
comment on column taskq_private.task_types.measured_at is 'When that was measured.';

create table taskq_private.resource_pools (
  pool text constraint pk_resource_pools primary key,
  capacity numeric(12, 3) not null,
  refill_per_second double precision,
  tokens double precision,
  refilled_at timestamptz,
  queue text,
  type text,
  created_at timestamptz not null,
  constraint check_resource_pools_pool check (pool ~ '^[A-Za-z0-9_.:-]{1,120}$'),
  constraint check_resource_pools_capacity check (capacity >= 0),
  constraint check_resource_pools_rate check (
    refill_per_second > 0 and tokens is not null and refilled_at is not null
    or refill_per_second is null and tokens is null and refilled_at is null
  )
);
comment on table taskq_private.resource_pools is 'What jobs share across all workers: capacities, limits on how many run at a time, and rates.';
comment on column taskq_private.resource_pools.pool is 'The name that jobs give in resource_requirements; queue:<name> and type:<name> for limits.';
comment on column taskq_private.resource_pools.capacity is 'How much may be out at a time; of a rate, how much may go out at once (the burst).';
comment on column taskq_private.resource_pools.refill_per_second is 'Of a rate, how much comes back each second; null for a capacity, where jobs give back what they took.';
comment on column taskq_private.resource_pools.tokens is 'Of a rate, how much there was at refilled_at.';
comment on column taskq_private.resource_pools.refilled_at is 'Of a rate, when tokens was true.';
comment on column taskq_private.resource_pools.queue is 'Every job of this queue takes one.';
comment on column taskq_private.resource_pools.type is 'Every job of this type takes one.';
comment on column taskq_private.resource_pools.created_at is 'When it was made.';

create table taskq_private.concurrency_keys (
  concurrency_key text constraint pk_concurrency_keys primary key,
  max_running integer not null,
  most_running integer not null,
  is_kept boolean not null default false,
  constraint check_concurrency_keys_max_running check (max_running between 1 and 1000000)
);
comment on table taskq_private.concurrency_keys is 'How many jobs of one key may be ready or running at a time; the others are parked.';
comment on column taskq_private.concurrency_keys.concurrency_key is 'What the jobs have in common, such as a customer.';
comment on column taskq_private.concurrency_keys.max_running is 'How many may be ready or running at a time.';
comment on column taskq_private.concurrency_keys.most_running is 'The most it has ever allowed: as many may be out for a while after it was lowered.';
comment on column taskq_private.concurrency_keys.is_kept is 'Whether it was set by hand, and so stays when no job has it.';

create table taskq_private.keyed_jobs (
  job_id uuid constraint pk_keyed_jobs primary key,
  concurrency_key text not null,
  is_admitted boolean not null,
  lane_id integer not null,
  priority smallint not null,
  ready_at timestamptz not null,
  attempt smallint not null
) with (autovacuum_vacuum_scale_factor = 0.05);
create index index_keyed_jobs_admitted on taskq_private.keyed_jobs (concurrency_key) where is_admitted;
create index index_keyed_jobs_parked on taskq_private.keyed_jobs (concurrency_key, priority, ready_at, job_id) where not is_admitted;
comment on table taskq_private.keyed_jobs is 'Jobs with a concurrency key that are ready or running (admitted), or would be ready but for the limit of their key (parked; their place is waiting_jobs).';
comment on column taskq_private.keyed_jobs.job_id is 'The job.';
comment on column taskq_private.keyed_jobs.concurrency_key is 'Its key.';
comment on column taskq_private.keyed_jobs.is_admitted is 'Whether it is ready or running.';
comment on column taskq_private.keyed_jobs.lane_id is 'Its lane.';
comment on column taskq_private.keyed_jobs.priority is 'Its priority, which decides who is next.';
comment on column taskq_private.keyed_jobs.ready_at is 'Since when it could run.';
comment on column taskq_private.keyed_jobs.attempt is 'The attempt that comes.';

create table taskq_private.reservations (
  worker_id uuid constraint pk_reservations primary key,
  job_id uuid not null constraint unique_reservations_job_id unique,
  lane_id integer not null,
  made_at timestamptz not null
);
comment on table taskq_private.reservations is 'Workers that are kept free for a job that is too large for what is free anywhere.';
comment on column taskq_private.reservations.worker_id is 'The worker.';
comment on column taskq_private.reservations.job_id is 'The job.';
comment on column taskq_private.reservations.lane_id is 'Its lane.';
comment on column taskq_private.reservations.made_at is 'Since when.';

create type taskq_private.capacity as (cpu_units numeric, memory_mb numeric, others jsonb);
comment on type taskq_private.capacity is 'An amount of everything: of a worker''s cpu and memory, of its further resources, and of pools (keys pool:<name>).';

insert into taskq_private.request_fields (field, json_type, minimum, maximum, whole, pattern, description) values
  ('expected_seconds', 'number', 0, 2592000, false, null, 'seconds from 0 to 2592000'),
  ('concurrency_key', 'string', 1, 255, false, null, 'a text of 1 to 255 characters'),
  ('concurrency_limit', 'number', 1, 1000000, true, null, 'a whole number from 1 to 1000000');
update taskq_private.request_fields
set description = 'an object with cpu_units, memory_mb and further resources' where field = 'resource_requirements';

alter type taskq_private.submission add attribute resources jsonb;
alter type taskq_private.submission add attribute expected_seconds real;
alter type taskq_private.submission add attribute concurrency_key text;
alter type taskq_private.submission add attribute concurrency_limit integer;

drop function taskq.register_worker, taskq.submit_job, taskq.configure, taskq_private.free_capacity, taskq_private.choose_lanes, taskq_private.take_jobs;
create type taskq_private.shadow as (until timestamptz, cpu_units numeric, memory_mb numeric, others jsonb, is_refused boolean);
comment on type taskq_private.shadow is 'When the job that a worker is kept free for can start, and what is left beside it then.';
alter table taskq_private.workers add column capacity_set_at timestamptz;
comment on column taskq_private.workers.capacity_set_at is 'When its capacity was last changed while it lived.';
create index index_job_specs_concurrency_key on taskq_private.job_specs (concurrency_key) where concurrency_key is not null;
create type taskq_private.simulated_lane as (lane_id integer, cpu_units double precision, memory_mb double precision, jobs bigint, seconds double precision, worker_numbers integer[], fits boolean);
comment on type taskq_private.simulated_lane is 'A lane''s backlog in a simulation; worker_numbers are positions in the list of workers that can run it.';
create type taskq_private.simulation as (seconds double precision, cpu_seconds double precision, is_scaled boolean);
comment on type taskq_private.simulation is 'How a simulation ended.';

--! Included 0_base/covers.sql
create or replace function taskq_private.covers(amounts jsonb, needs jsonb)
returns boolean
language sql
immutable
as $$
  select coalesce(bool_and(coalesce((amounts ->> n.key)::numeric, 0) >= n.value::numeric), true) from jsonb_each(needs) as n;
$$;
comment on function taskq_private.covers(jsonb, jsonb) is 'Whether there is enough of everything that is needed.';
--! EndIncluded 0_base/covers.sql
--! Included 0_base/less.sql
create or replace function taskq_private.less(amounts jsonb, needs jsonb[], times bigint[])
returns jsonb
language sql
immutable
as $$
  select coalesce(jsonb_object_agg(a.key, a.value::numeric - coalesce(taken.amount, 0)), '{}')
  from jsonb_each(amounts) as a
  cross join lateral (
    select sum((n.need ->> a.key)::numeric * n.times) as amount from unnest(needs, times) as n (need, times)
  ) as taken;
$$;
comment on function taskq_private.less(jsonb, jsonb[], bigint[]) is 'These amounts less what is needed, each need so many times.';
--! EndIncluded 0_base/less.sql
--! Included 0_base/lane_needs.sql
-- Null for most lanes, which take nothing but cpu and memory. A pool goes before a worker's resource of the same name.
create or replace function taskq_private.lane_needs(lane taskq_private.lanes)
returns jsonb
language sql
stable
as $$
  select jsonb_object_agg(n.key, n.amount)
  from (
    select case when p.pool is null then r.key else 'pool:' || r.key end as key, r.value::numeric as amount
    from jsonb_each(lane.resources) as r
    left join taskq_private.resource_pools as p on p.pool = r.key
    union all
    select 'pool:' || p.pool, 1 from taskq_private.resource_pools as p where p.queue = lane.queue or p.type = lane.type
  ) as n;
$$;
comment on function taskq_private.lane_needs(taskq_private.lanes) is 'What a job of this lane takes beside cpu and memory: of its worker''s further resources, and of pools (keys pool:<name>).';
--! EndIncluded 0_base/lane_needs.sql
--! Included 0_base/own_needs.sql
create or replace function taskq_private.own_needs(lane taskq_private.lanes)
returns jsonb
language sql
stable
as $$
  select coalesce(jsonb_object_agg(n.key, n.value), '{}') from jsonb_each(taskq_private.lane_needs(lane)) as n where n.key not like 'pool:%';
$$;
comment on function taskq_private.own_needs(taskq_private.lanes) is 'What a job of this lane takes of its worker''s further resources.';
--! EndIncluded 0_base/own_needs.sql
--! Included 0_base/lacking.sql
create or replace function taskq_private.lacking(amounts jsonb, needs jsonb)
returns jsonb
language sql
stable
as $$
  select coalesce(jsonb_object_agg(n.key, n.value), '{}')
  from jsonb_each(needs) as n
  left join taskq_private.resource_pools as p on 'pool:' || p.pool = n.key
  where coalesce((amounts ->> n.key)::numeric, 0) < n.value::numeric and (p.pool is null or p.capacity >= n.value::numeric);
$$;
comment on function taskq_private.lacking(jsonb, jsonb) is 'Of what is needed, that of which there is too little now, but may be enough later.';
--! EndIncluded 0_base/lacking.sql
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
      initial_delay_seconds, backoff_multiplier, max_delay_seconds, jitter, resources, registered_at
    )
    select
      r.type, coalesce(r.description, ''), coalesce(r.payload_schema, '{}'), coalesce(r.cpu_units, 0), coalesce(r.memory_mb, 0),
      r.timeout_seconds, r.max_attempts, coalesce(r.initial_delay_seconds, 1), coalesce(r.backoff_multiplier, 2),
      coalesce(r.max_delay_seconds, 3600), coalesce(r.jitter, 0.1), coalesce(r.resources, '{}'), taskq_private.clock()
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
      registered_at = excluded.registered_at
    returning t.type;
end;
$$;
comment on function taskq.register_task_types(jsonb) is
  'Registers job types or changes them: a list of {"type", "description", "payload_schema", "cpu_units", "memory_mb", "timeout_seconds", "max_attempts", "initial_delay_seconds", "backoff_multiplier", "max_delay_seconds", "jitter", "resources"}. Answers the types.';
--! EndIncluded 1_submit/register_task_types.sql
--! Included 1_submit/resource_error.sql
-- A misspelt name would make a job wait for ever, so only names are accepted that a pool or a worker has.
create or replace function taskq_private.resource_error(name text, amount jsonb)
returns text
language sql
stable
as $$
  select case
    when amount = 'null' then null
    when jsonb_typeof(amount) <> 'number' then format('resource_requirements.%s must be a number from 0 to 999999999', name)
    when amount::numeric not between 0 and 999999999 then format('resource_requirements.%s must be a number from 0 to 999999999', name)
    when not exists (select from taskq_private.resource_pools as p where p.pool = resource_error.name)
      and not exists (select from taskq_private.workers as w where w.resources ? resource_error.name)
      then format('resource_requirements.%s is no resource that a worker or a pool has', name)
  end;
$$;
comment on function taskq_private.resource_error(text, jsonb) is 'What is wrong with an amount of a further resource that a job asks for; null for a good one.';
--! EndIncluded 1_submit/resource_error.sql
--! Included 1_submit/resources_of.sql
create or replace function taskq_private.resources_of(of_type jsonb, requirements jsonb)
returns jsonb
language sql
immutable
as $$
  select coalesce(jsonb_object_agg(r.key, trim_scale(r.value::numeric)) filter (where r.value::numeric > 0), '{}')
  from jsonb_each(of_type || jsonb_strip_nulls(coalesce(nullif(requirements, 'null'), '{}') - '{cpu_units,memory_mb}'::text[])) as r;
$$;
comment on function taskq_private.resources_of(jsonb, jsonb) is 'What a job takes beside cpu and memory: what it asks for, else what its type does.';
--! EndIncluded 1_submit/resources_of.sql
--! Included 1_submit/check_requests.sql
-- One statement for the whole batch: every field of every request against request_fields. Only broken requests come back.
create or replace function taskq_private.check_requests(requests jsonb)
returns table (ordinal bigint, error jsonb)
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
  select distinct on (b.ordinal) b.ordinal, taskq_private.invalid(b.key, b.message)
  from broken as b
  where b.message is not null
  order by b.ordinal, b.key;
$$;
comment on function taskq_private.check_requests(jsonb) is 'The requests of a list that break a rule of request_fields, with their first error.';
--! EndIncluded 1_submit/check_requests.sql
--! Included 1_submit/request_error.sql
-- What request_fields cannot say: the type is registered, the payload fits its schema and the limits, run_at is an
-- instant, dependencies have their form. Null for a good request.
create or replace function taskq_private.request_error(request jsonb, type text, payload_schema jsonb, payload jsonb, run_at text)
returns jsonb
language plpgsql
stable
as $$
declare
  v_bad text;
begin
  if payload_schema is null then
    return taskq_private.invalid('type', format('unknown job type "%s"', type), 'TQ421', 'Start a worker that registers it; select * from taskq.task_types lists the known ones.');
  end if;
  if pg_column_size(payload) > 1048576 and octet_length(payload::text) > 1048576 then
    return taskq_private.invalid('payload', 'payload is larger than 1 MiB', 'TQ413', 'Keep the data elsewhere and submit where it is.');
  end if;
  if jsonb_typeof(payload) in ('object', 'array')
    and jsonb_path_exists(payload, 'strict $.**{64} ? (@.type() == "object" || @.type() == "array")')
  then
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
  if payload_schema = '{}' then
    return null;
  end if;
  return taskq_private.schema_error(payload, payload_schema, 'payload') || '{"code": "TQ424"}';
end;
$$;
comment on function taskq_private.request_error(jsonb, text, jsonb, jsonb, text) is 'What is wrong with a well-formed request, as an error value.';
--! EndIncluded 1_submit/request_error.sql
--! Included 1_submit/read_requests.sql
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
--! EndIncluded 1_submit/read_requests.sql
--! Included 1_submit/intern_lanes.sql
-- Makes the queues and lanes that these jobs are the first of. Runs only for a new shape.
create or replace function taskq_private.intern_lanes(jobs taskq_private.submission[], submitted_at timestamptz)
returns taskq_private.submission[]
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_job taskq_private.submission;
  v_jobs taskq_private.submission[] := jobs;
begin
  insert into taskq_private.queues (queue, created_at)
  select distinct j.queue, submitted_at from unnest(jobs) as j where j.lane_id is null and j.error is null
  order by 1
  on conflict do nothing;

  insert into taskq_private.lanes (queue, type, priority, cpu_units, memory_mb, resources)
  select distinct j.queue, j.type, j.priority, j.cpu_units, j.memory_mb, j.resources
  from unnest(jobs) as j
  where j.lane_id is null and j.error is null
  order by 1, 2, 3, 4, 5, 6
  on conflict do nothing;

  for v_i in 1 .. cardinality(v_jobs) loop
    v_job := v_jobs[v_i];
    if v_job.lane_id is null and v_job.error is null then
      select l.lane_id into strict v_job.lane_id
      from taskq_private.lanes as l
      where l.queue = v_job.queue and l.type = v_job.type and l.priority = v_job.priority
        and l.cpu_units = v_job.cpu_units and l.memory_mb = v_job.memory_mb and l.resources = v_job.resources;
      v_jobs[v_i] := v_job;
    end if;
  end loop;
  return v_jobs;
end;
$$;
comment on function taskq_private.intern_lanes(taskq_private.submission[], timestamptz) is 'Gives each submission its lane, making those that are new.';
--! EndIncluded 1_submit/intern_lanes.sql
--! Included 1_submit/store_waiting_jobs.sql
-- nothing -> pending | blocked | ready | cancelled: jobs with a run_at or with dependencies. One whose parents are all as it
-- asks is ready; one with a parent that never can be is cancelled, and those of its graph that wait for it, or held.
create or replace function taskq_private.store_waiting_jobs(jobs taskq_private.submission[], submitted_at timestamptz)
returns void
language plpgsql
volatile
as $$
declare
  v_ready record;
  v_doomed_ids uuid[] := array(select j.job_id from unnest(jobs) as j where j.doomed_by is not null);
begin
  insert into taskq_private.job_dependencies (job_id, depends_on_id, condition, satisfied)
  select j.job_id, d.id, d.condition, coalesce(taskq_private.satisfies(f.status, d.condition), false)
  from unnest(jobs) as j
  cross join unnest(j.depends_on, j.conditions) as d (id, condition)
  left join lateral (select f.status from taskq_private.finished_jobs as f where f.job_id = d.id offset 0) as f on true;

  perform taskq_private.store_keys(jobs);
  select array_agg(j.job_id) as job_ids, array_agg(j.lane_id) as lane_ids, array_agg(1::smallint) as attempts, array_agg(submitted_at) as ready_ats
  into v_ready
  from unnest(jobs) as j
  where j.remaining_dependencies = 0 and (j.run_at is null or j.run_at <= submitted_at);
  if v_ready.job_ids is not null then
    perform taskq_private.make_ready(v_ready.job_ids, v_ready.lane_ids, v_ready.attempts, v_ready.ready_ats);
    perform taskq_private.hint('ready');
  end if;

  insert into taskq_private.waiting_jobs (job_id, lane_id, status, due_at, remaining_dependencies)
  select
    j.job_id, j.lane_id, (case when j.remaining_dependencies > 0 then 'blocked' else 'pending' end)::taskq.job_status, j.run_at,
    j.remaining_dependencies
  from unnest(jobs) as j
  where (j.remaining_dependencies > 0 or j.run_at > submitted_at) and j.doomed_by is null;
  if found then
    perform taskq_private.hint_due(submitted_at);
  end if;

  if cardinality(v_doomed_ids) > 0 then
    insert into taskq_private.finished_jobs (job_id, lane_id, status, attempt, outcome, finished_at, reason, error)
    select j.job_id, j.lane_id, 'cancelled', 1, 'cancelled', submitted_at, 'dependency', taskq_private.dependency_error(j.job_id, j.doomed_by)
    from unnest(jobs) as j
    where j.job_id = any (v_doomed_ids);
    perform taskq_private.record_event('job_cancelled', array_agg(j.job_id), array_agg(j.lane_id)) from unnest(jobs) as j where j.job_id = any (v_doomed_ids);
    perform taskq_private.count_workflow_jobs(v_doomed_ids, 1);
    perform taskq_private.settle_dependents(v_doomed_ids, 'cancelled');
  end if;
end;
$$;
comment on function taskq_private.store_waiting_jobs(taskq_private.submission[], timestamptz) is
  'Stores the edges and the first places of jobs that may have to wait.';
--! EndIncluded 1_submit/store_waiting_jobs.sql
--! Included 1_submit/store_jobs.sql
-- Writes what was asked, and the first place of each job. Most jobs are ready at once; only for others is the rest done.
-- created_at is the instant in the job's id, so that a range of the one is a range of the other.
create or replace function taskq_private.store_jobs(jobs taskq_private.submission[], submitted_at timestamptz, workflow_id uuid)
returns void
language plpgsql
volatile
as $$
declare
  v_ready bigint;
begin
  if cardinality(jobs) = 0 then
    return;
  end if;
  insert into taskq_private.job_specs (
    job_id, lane_id, payload, max_attempts, timeout_seconds, initial_delay_seconds, backoff_multiplier, max_delay_seconds, jitter,
    created_at, run_at, created_by, name, idempotency_key, metadata, trace_context, on_dependency_failure, workflow_id, expected_seconds, concurrency_key
  )
  select
    j.job_id, j.lane_id, j.payload, j.max_attempts, j.timeout_seconds, j.initial_delay_seconds, j.backoff_multiplier, j.max_delay_seconds, j.jitter,
    submitted_at + j.ordinal * interval '1 microsecond', j.run_at, j.created_by, j.name, j.idempotency_key, j.metadata, j.trace_context,
    j.on_dependency_failure, store_jobs.workflow_id, j.expected_seconds, j.concurrency_key
  from unnest(jobs) as j;

  insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
  select j.lane_id, j.job_id, submitted_at, 1
  from unnest(jobs) as j
  where j.depends_on is null and j.concurrency_key is null and (j.run_at is null or j.run_at <= submitted_at);
  get diagnostics v_ready = row_count;

  perform taskq_private.record_event('job_submitted', array_agg(j.job_id), array_agg(j.lane_id)) from unnest(jobs) as j;
  if v_ready > 0 then
    perform taskq_private.hint('ready');
  end if;
  if v_ready < cardinality(jobs) then
    perform taskq_private.store_waiting_jobs(
      array(select j from unnest(jobs) as j where j.depends_on is not null or j.concurrency_key is not null or j.run_at > submitted_at), submitted_at
    );
  end if;
end;
$$;
comment on function taskq_private.store_jobs(taskq_private.submission[], timestamptz, uuid) is 'Stores good submissions, each in its first place.';
--! EndIncluded 1_submit/store_jobs.sql
--! Included 1_submit/submission_status.sql
create or replace function taskq_private.submission_status(job taskq_private.submission, submitted_at timestamptz)
returns taskq.job_status
language sql
stable
as $$
  select case
    when job.error is not null then null
    when job.repeated then taskq_private.status_of(job.job_id)
    when job.doomed_by is not null then 'cancelled'
    when job.concurrency_key is not null then taskq_private.status_of(job.job_id)
    when job.remaining_dependencies > 0 then 'blocked'
    when job.run_at > submitted_at then 'pending'
    else 'ready'
  end::taskq.job_status;
$$;
comment on function taskq_private.submission_status(taskq_private.submission, timestamptz) is 'The place that a submission has got, as its submitter is told.';
--! EndIncluded 1_submit/submission_status.sql
--! Included 1_submit/submit_warnings.sql
-- A job that none of the live workers for its type and queue can ever carry is accepted all the same: a larger one may come.
create or replace function taskq_private.submit_warnings(lane_id integer)
returns text[]
language sql
stable
as $$
  select case
    when bool_or(l.cpu_units <= w.cpu_units and l.memory_mb <= w.memory_mb and taskq_private.covers(w.resources, taskq_private.own_needs(l))) is false then
      array[format(
        'larger than every live worker: it asks for %s cpu and %s MB%s, the largest have %s cpu and %s MB',
        trim_scale(min(l.cpu_units)), min(l.memory_mb), coalesce(' and ' || nullif(min(l.resources::text), '{}'), ''), trim_scale(max(w.cpu_units)), max(w.memory_mb)
      )]
    else '{}'
  end
  from taskq_private.lanes as l
  cross join taskq_private.workers as w
  where l.lane_id = submit_warnings.lane_id
    and w.status = 'active'
    and l.type = any (w.types)
    and (w.queues is null or l.queue = any (w.queues));
$$;
comment on function taskq_private.submit_warnings(integer) is 'What a submitter should know about this lane as things stand.';
--! EndIncluded 1_submit/submit_warnings.sql
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
      case when j.cpu_units > 0 or j.memory_mb > 0 or j.resources <> '{}' then taskq_private.submit_warnings(j.lane_id) else '{}' end,
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
      case when j.cpu_units > 0 or j.memory_mb > 0 or j.resources <> '{}' then taskq_private.submit_warnings(j.lane_id) else '{}' end,
      v_workflow_id
    from unnest(v_jobs) as j;
end;
$$;
comment on function taskq.submit_jobs(jsonb) is
  'Submits a list of jobs, or {"workflow": {"name", "metadata", "idempotency_key"}, "jobs": [...]}, in one transaction, all or none. Each job has the fields of POST /jobs; its depends_on may name other jobs of the call, as "a" or {"job": "a", "condition": "failure"}. Positions count from 0. Example: select * from taskq.submit_jobs(''[{"name": "a", "type": "echo"}, {"name": "b", "type": "echo", "depends_on": ["a"]}]'').';
--! EndIncluded 1_submit/submit_jobs.sql
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
  v_request jsonb := jsonb_strip_nulls(jsonb_build_object(
    'type', type, 'queue', queue, 'priority', priority, 'run_at', coalesce(to_char(run_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), run_at::text),
    'depends_on', (select jsonb_agg(jsonb_build_object('job', d, 'condition', coalesce(condition, 'success'))) from unnest(depends_on) as d),
    'on_dependency_failure', on_dependency_failure, 'timeout_seconds', timeout_seconds, 'idempotency_key', idempotency_key, 'name', name,
    'resource_requirements', nullif(coalesce(resources, '{}') || jsonb_strip_nulls(jsonb_build_object('cpu_units', cpu_units, 'memory_mb', memory_mb)), '{}'),
    'concurrency_key', concurrency_key, 'concurrency_limit', concurrency_limit, 'expected_seconds', expected_seconds,
    'retry_config', nullif(coalesce(retry_config, '{}') || jsonb_strip_nulls(jsonb_build_object('max_attempts', max_attempts)), '{}')
  ));
  v_error jsonb;
begin
  v_request := v_request || jsonb_build_object('payload', coalesce(payload, '{}'), 'metadata', metadata);

  select s.error, s.job_id, s.status, s.created, s.warnings
  into v_error, submit_job.job_id, submit_job.status, submit_job.created, submit_job.warnings
  from taskq.submit_each(jsonb_build_array(v_request)) as s;

  if v_error is not null then
    perform taskq_private.raise_error(v_error);
  end if;
end;
$$;
comment on function taskq.submit_job(
  text, jsonb, text, text, timestamptz, uuid[], numeric, integer, integer, integer, jsonb, text, jsonb, text, taskq.dependency_condition, text, jsonb, text, integer, numeric
) is
  'Submits one job of a registered type. priority is critical, high, normal, low or 1 (first) to 10. depends_on are jobs to wait for, condition what of each: success, failure or finished. resources is what it takes beside cpu and memory, of its worker or of a pool: {"gpu": 1}. Under a known idempotency_key it answers with the first job and created = false. Example: select * from taskq.submit_job(''echo'', ''{"message": "hi"}'', priority => ''high'').';
--! EndIncluded 1_submit/submit_job.sql
--! Included 2_ready/promote_due_jobs.sql
-- pending | retrying -> ready, when due. Bounded: the claim calls this before it looks, tick() until nothing is due.
-- Locks: the due waiting rows, skipping those that another session has in hand.
create or replace function taskq_private.promote_due_jobs(max_jobs integer default 1000)
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
  if not exists (select from taskq_private.waiting_jobs as w where w.status <> 'blocked' and w.due_at <= v_now) then
    return 0;
  end if;

  with due as materialized (
    select w.job_id
    from taskq_private.waiting_jobs as w
    where w.status <> 'blocked' and w.due_at <= v_now
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
comment on function taskq_private.promote_due_jobs(integer) is 'Makes jobs ready whose time has come; answers how many.';
--! EndIncluded 2_ready/promote_due_jobs.sql
--! Included 2_ready/store_keys.sql
-- What the jobs of a submit say of how many of their key may run. The latest that says something decides, unless it was set by hand.
-- Locks: the keys, in their order; then parked jobs.
create or replace function taskq_private.store_keys(jobs taskq_private.submission[])
returns void
language plpgsql
volatile
as $$
declare
  v_limits jsonb := (
    select jsonb_object_agg(k.concurrency_key, k.max_running)
    from (
      select j.concurrency_key, max(j.concurrency_limit) as max_running
      from unnest(jobs) as j where j.concurrency_key is not null
      group by j.concurrency_key
    ) as k
  );
begin
  if v_limits is null then
    return;
  end if;
  insert into taskq_private.concurrency_keys as k (concurrency_key, max_running, most_running)
  select l.key, coalesce(l.value::integer, 1), coalesce(l.value::integer, 1) from jsonb_each_text(v_limits) as l order by l.key
  on conflict (concurrency_key) do update set
    max_running = case when k.is_kept then k.max_running else coalesce((v_limits ->> k.concurrency_key)::integer, k.max_running) end,
    most_running = case when k.is_kept then k.most_running else greatest(k.most_running, (v_limits ->> k.concurrency_key)::integer) end;

  v_limits := jsonb_strip_nulls(v_limits);
  if v_limits <> '{}' then -- more may be allowed than before
    perform taskq_private.admit_parked(array(
      select l.key from jsonb_object_keys(v_limits) as l (key)
      where exists (select from taskq_private.keyed_jobs as j where j.concurrency_key = l.key and not j.is_admitted)
    ));
  end if;
end;
$$;
comment on function taskq_private.store_keys(taskq_private.submission[]) is 'Makes the keys of new jobs, or changes how many of them may run.';
--! EndIncluded 2_ready/store_keys.sql
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
    join taskq_private.job_specs as s on s.job_id = j.job_id
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
--! Included 2_ready/admit_parked.sql
-- blocked (parked) -> ready, as many as the limit of the key allows, by priority, then first come first served. How many are
-- out is counted under the key's lock. A parked job that someone cancels meanwhile, or makes wait for another job, is waited
-- for, and the next one comes.
-- Locks: the keys, in their order; then the parked jobs' waiting rows.
create or replace function taskq_private.admit_parked(keys text[])
returns void
language plpgsql
volatile
as $$
declare
  v_key taskq_private.concurrency_keys;
  v_free integer;
  v_job_ids uuid[];
begin
  for v_key in select * from taskq_private.concurrency_keys as k where k.concurrency_key = any (keys) order by k.concurrency_key for update loop
    loop
      v_free := v_key.max_running - (
        select count(*) from taskq_private.keyed_jobs as j where j.concurrency_key = v_key.concurrency_key and j.is_admitted
      );
      v_job_ids := array(
        select j.job_id from taskq_private.keyed_jobs as j
        where j.concurrency_key = v_key.concurrency_key and not j.is_admitted
        order by j.priority, j.ready_at, j.job_id
        limit greatest(v_free, 0)
      );
      exit when cardinality(v_job_ids) = 0;
      perform from taskq_private.waiting_jobs as w where w.job_id = any (v_job_ids) order by w.job_id for update;

      with gone as (
        delete from taskq_private.waiting_jobs as w
        using taskq_private.keyed_jobs as j
        where w.job_id = any (v_job_ids) and j.job_id = w.job_id -- else it is waiting for another job by now
        returning w.job_id
      ), admitted as (
        update taskq_private.keyed_jobs as j set is_admitted = true from gone as g where j.job_id = g.job_id
        returning j.lane_id, j.job_id, j.ready_at, j.attempt
      )
      insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
      select a.lane_id, a.job_id, a.ready_at, a.attempt from admitted as a;
      exit when cardinality(v_job_ids) < v_free;
    end loop;
  end loop;
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq_private.admit_parked(text[]) is 'Lets parked jobs of these keys go on, as many as their limits allow.';
--! EndIncluded 2_ready/admit_parked.sql
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
  if not exists (select from taskq_private.keyed_jobs) then
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
--! Included 3_claim/claim_next_job.sql
-- ready -> running. One round trip: record the outcomes that have gathered, then take the best set of jobs that fits.
-- Deciding is done on lanes, not on jobs: plan_claim() says how many rows to take from the head of which lane, and only
-- those rows are locked. All rows of a lane are alike, so whichever of them a rival has taken, the sum stays right.
-- Plans must not depend on statistics: the tables empty and fill within seconds. So: generic plans, by index.
-- Locks: this worker's row, the claims of the outcomes, the pools concerned, then ready rows (skip locked). Raises: TQ412 for an ended worker.
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
set enable_mergejoin = off
set jit = off
as $$
declare
  v_worker taskq_private.workers;
  v_is_more boolean;
  v_tokens_in double precision;
begin
  v_worker := taskq_private.lock_worker(worker_id);
  if outcomes is not null then
    rejected := taskq_private.finish_attempts(outcomes, worker_id);
  end if;

  v_is_more := taskq_private.settle_chunk() or outcomes is null and taskq_private.cancel_workflows();
  perform taskq_private.promote_due_jobs(1000);
  if v_worker.status = 'active' and max_jobs > 0 then
    select t.claim_id, t.jobs into claim_next_job.claim_id, claim_next_job.jobs from taskq_private.take_jobs(v_worker, max_jobs) as t;
  end if;

  jobs := coalesce(jobs, '[]');
  rejected := coalesce(rejected, '{}');
  cancel_requested := array(
    select r.job_id
    from taskq_private.cancel_requests as r
    join taskq_private.claims as c on c.claim_id = r.claim_id
    where c.worker_id = claim_next_job.worker_id
  );
  if exists (select from taskq_private.resource_pools as p where p.refill_per_second is not null) then
    v_tokens_in := taskq_private.tokens_in();
  end if;
  next_due_in_seconds := case when v_is_more then 0 else least(taskq_private.next_due_in(), v_tokens_in) end;
end;
$$;
comment on function taskq.claim_next_job(uuid, integer, jsonb) is
  'Takes the best jobs that fit this worker now, at most max_jobs, under one claim_id; jobs is a list of {"job_id", "type", "queue", "attempt", "max_attempts", "timeout_seconds", "payload", "trace_context"}. outcomes is a list of {"claim_id", "job_id", "outcome", "result", "error", "fatal", "retry_after_seconds", "duration_seconds", "logs"} to record first; rejected names those whose claim was lost. Call again within next_due_in_seconds. Example: select j.* from taskq.claim_next_job(:''worker'', 5) as c, json_to_recordset(c.jobs) as j (job_id uuid, type text, payload json).';
--! EndIncluded 3_claim/claim_next_job.sql
--! Included 3_claim/plan_claim.sql
-- What this worker would take now. A job that is first in line and too large for what is free has it kept free; then only what
-- will not delay that job goes beside it, and once that job fits, it goes alone: who comes next is looked at anew.
-- Locks, in a claim: the pools concerned. A preview changes nothing, and takes a reservation that would be made as made.
create or replace function taskq_private.plan_claim(
  worker taskq_private.workers, max_jobs integer, is_claim boolean,
  out lane_ids integer[], out job_counts integer[], out handicaps interval[], out job_ids uuid[]
)
language plpgsql
volatile
as $$
declare
  v_free taskq_private.capacity := taskq_private.free_capacity(worker);
  v_looked record;
  v_large taskq_private.lanes;
  v_head record;
  v_stop_before timestamptz;
  v_beside taskq_private.shadow;
  v_plan record;
begin
  if exists (select from taskq_private.resource_pools) then
    v_free.others := v_free.others || taskq_private.lock_pools(worker, is_claim);
  end if;
  v_looked := taskq_private.lane_levels(worker, v_free);
  if v_looked.has_large or exists (select from taskq_private.reservations as r where r.worker_id = worker.worker_id) then
    v_large := taskq_private.own_reservation(worker.worker_id, is_claim);
  end if;
  if v_large.lane_id is null and v_looked.has_large then
    v_head := taskq_private.large_head(worker, v_free);
    v_stop_before := v_head.order_at;
    if v_head.is_first and (not is_claim or taskq_private.reserve_worker(worker.worker_id, v_head.job_id, (v_head.lane).lane_id)) then
      v_large := v_head.lane;
    end if;
  end if;

  if v_large.lane_id is null then
    v_plan := taskq_private.choose_lanes(worker, v_free, null, v_looked.levels, max_jobs, v_stop_before, null);
  elsif taskq_private.lane_fits(v_large, v_free) then
    v_large := taskq_private.first_reserved(worker, v_free, v_large);
    lane_ids := array[v_large.lane_id];
    job_counts := array[1];
    handicaps := array[interval '0'];
    return;
  else
    v_beside := taskq_private.shadow_of(worker, v_free, v_large);
    v_plan := taskq_private.choose_lanes(worker, v_free, v_beside, v_looked.levels, max_jobs, null, greatest(5, 500 / greatest(v_looked.fitting, 1))::integer);
  end if;
  lane_ids := v_plan.lane_ids;
  job_counts := v_plan.job_counts;
  handicaps := v_plan.handicaps;
  job_ids := v_plan.job_ids;
end;
$$;
comment on function taskq_private.plan_claim(taskq_private.workers, integer, boolean) is
  'The lanes to take jobs from, how many from each, and what to add to ready_at for the effective order; and, where not the first of a lane are meant, which jobs.';
--! EndIncluded 3_claim/plan_claim.sql
--! Included 3_claim/free_capacity.sql
-- Derived from the claims under the worker's lock, never from a counter that could drift.
create or replace function taskq_private.free_capacity(worker taskq_private.workers)
returns taskq_private.capacity
language sql
stable
as $$
  select row(
    worker.cpu_units - coalesce(sum(l.cpu_units * held.jobs), 0),
    worker.memory_mb - coalesce(sum(l.memory_mb * held.jobs), 0),
    case
      when worker.resources = '{}' then '{}'
      when count(*) filter (where l.resources <> '{}') = 0 then worker.resources
      else taskq_private.less(worker.resources, array_agg(l.resources) filter (where l.resources <> '{}'), array_agg(held.jobs) filter (where l.resources <> '{}'))
    end
  )::taskq_private.capacity
  from (
    select u.lane_id, count(*) as jobs
    from taskq_private.claims as c
    cross join unnest(c.lane_ids) as u (lane_id)
    where c.worker_id = worker.worker_id
    group by u.lane_id
  ) as held
  join taskq_private.lanes as l on l.lane_id = held.lane_id;
$$;
comment on function taskq_private.free_capacity(taskq_private.workers) is 'What the worker has left of its cpu, its memory and its further resources.';
--! EndIncluded 3_claim/free_capacity.sql
--! Included 3_claim/lane_levels.sql
-- One look at the lanes before their heads. Where no queue ages, a level of priority is done with before the next is looked at:
-- most claims are full after the first. Lanes too large for what is free, but not for the worker, may need it kept free.
create or replace function taskq_private.lane_levels(
  worker taskq_private.workers, free taskq_private.capacity, out levels smallint[], out has_large boolean, out fitting bigint
)
language sql
stable
as $$
  select
    case
      when count(*) filter (where fit.is_now) = 0 then '{}'
      when count(*) filter (where fit.is_now) <= 8 or bool_or(q.aging_seconds is not null) then '{0}'
      else array_agg(distinct l.priority order by l.priority) filter (where fit.is_now)
    end,
    coalesce(bool_or(not fit.is_now or l.resources <> '{}'), false),
    count(*) filter (where fit.is_now)
  from taskq_private.lanes as l
  join taskq_private.queues as q on q.queue = l.queue
  cross join lateral (select l.cpu_units <= free.cpu_units and l.memory_mb <= free.memory_mb) as fit (is_now)
  where l.type = any (worker.types)
    and (worker.queues is null or l.queue = any (worker.queues))
    and q.paused_at is null
    and l.cpu_units <= worker.cpu_units
    and l.memory_mb <= worker.memory_mb;
$$;
comment on function taskq_private.lane_levels(taskq_private.workers, taskq_private.capacity) is
  'The levels of priority to look at one after the other (0 for all at once), whether a job may be too large for what is free now, and how many lanes are not.';
--! EndIncluded 3_claim/lane_levels.sql
--! Included 3_claim/choose_lanes.sql
-- Which lanes to take how many jobs from. In words:
-- The rows at the heads of the lanes that count come in effective order (lane_heads), level by level where priority is strict.
-- In that order they are taken while the running sum fits; one that does not fit is passed over, unless it has waited for
-- reserve_after_seconds: then what comes after it waits too (or, where a pool has too little for it, what takes from that pool).
-- A worker that is kept free for a large job takes only what will not delay that job (go_beside), wherever in its lane it is:
-- then the answer names the jobs.
create or replace function taskq_private.choose_lanes(
  worker taskq_private.workers, free taskq_private.capacity, beside taskq_private.shadow, levels smallint[], max_jobs integer,
  stop_before timestamptz, depth integer, out lane_ids integer[], out job_counts integer[], out handicaps interval[], out job_ids uuid[]
)
language plpgsql
volatile
as $$
declare
  v_free taskq_private.capacity := free;
  v_beside taskq_private.shadow := beside;
  v_head record;
  v_level smallint;
  v_taken integer := 0;
  v_now timestamptz := taskq_private.clock();
  v_old timestamptz := v_now - (select s.reserve_after_seconds * interval '1 second' from taskq_private.settings as s);
begin
  <<by_level>>
  foreach v_level in array levels loop
    for v_head in
      select h.*
      from taskq_private.lane_heads(worker, v_free, max_jobs - v_taken, v_level, depth, v_old) as h
      where beside.until is null
        or h.cpu_units <= beside.cpu_units and h.memory_mb <= beside.memory_mb
        or v_now + taskq_private.expected_seconds(h.job_id) * interval '1 second' <= beside.until
    loop
      exit by_level when v_head.ready_at + v_head.handicap >= stop_before;
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
      v_taken := v_taken + 1;
      exit by_level when v_taken = max_jobs;
    end loop;
  end loop;

  select array_agg(t.lane_id), array_agg(t.jobs), array_agg(t.handicap)
  into lane_ids, job_counts, handicaps
  from (
    select u.lane_id, count(*)::integer as jobs, min(u.handicap) as handicap
    from unnest(lane_ids, handicaps) as u (lane_id, handicap)
    group by u.lane_id
    order by min(u.handicap)
  ) as t;
end;
$$;
comment on function taskq_private.choose_lanes(taskq_private.workers, taskq_private.capacity, taskq_private.shadow, smallint[], integer, timestamptz, integer) is
  'The lanes to take jobs from and how many from each, so that together they fit what is free; what to add to ready_at for the effective order, and, where not the first of a lane are meant, which jobs.';
--! EndIncluded 3_claim/choose_lanes.sql
--! Included 3_claim/lane_heads.sql
-- A lane counts if this worker runs its type, serves its queue, the queue is not paused, and one job of it fits what is free.
-- Each lane shows its first rows by ready_at, no more than could fit (or depth): one index probe, whatever lies behind. One
-- whose pools have too little shows its first row, if that has waited long enough. The rows of all lanes are merged in
-- effective order: the first level of priority goes by ready_at alone, each further level weighs as much as aging_seconds of
-- waiting, or as 30 years where the queue has none: strict priority. Plain SQL, so that it becomes part of the query that reads it.
create or replace function taskq_private.lane_heads(
  worker taskq_private.workers, free taskq_private.capacity, max_jobs integer, level smallint, depth integer default null,
  waited_since timestamptz default null
)
returns table (lane_id integer, cpu_units numeric, memory_mb integer, needs jsonb, handicap interval, job_id uuid, ready_at timestamptz)
language sql
stable
as $$
  select l.lane_id, l.cpu_units, l.memory_mb, needs.needs, behind.handicap, head.job_id, head.ready_at
  from taskq_private.lanes as l
  join taskq_private.queues as q on q.queue = l.queue
  cross join lateral (select (l.priority - 1) * (coalesce(q.aging_seconds, 946080000) * interval '1 second')) as behind (handicap)
  cross join lateral (select case when (select exists (select from taskq_private.resource_pools as p where p.queue is not null or p.type is not null)) or l.resources <> '{}' then taskq_private.lane_needs(l) end) as needs (needs)
  cross join lateral (select needs.needs is null or taskq_private.covers(free.others, needs.needs)) as fit (is_covered)
  cross join lateral (
    select r.ready_at, r.job_id
    from taskq_private.ready_jobs as r
    where r.lane_id = l.lane_id
    order by r.ready_at, r.job_id
    limit case when fit.is_covered then coalesce(lane_heads.depth, least(
      lane_heads.max_jobs,
      coalesce(floor(free.cpu_units / nullif(l.cpu_units, 0)), lane_heads.max_jobs),
      coalesce(floor(free.memory_mb / nullif(l.memory_mb, 0)), lane_heads.max_jobs)
    )) else 1 end
  ) as head
  where l.type = any (worker.types)
    and (worker.queues is null or l.queue = any (worker.queues))
    and (lane_heads.level = 0 or l.priority = lane_heads.level)
    and q.paused_at is null
    and l.cpu_units <= free.cpu_units
    and l.memory_mb <= free.memory_mb
    and (fit.is_covered or lane_heads.waited_since is not null and head.ready_at <= lane_heads.waited_since)
  order by head.ready_at + behind.handicap, head.ready_at, head.job_id;
$$;
comment on function taskq_private.lane_heads(taskq_private.workers, taskq_private.capacity, integer, smallint, integer, timestamptz) is
  'The jobs that this worker could take first, in effective order.';
--! EndIncluded 3_claim/lane_heads.sql
--! Included 3_claim/lock_pools.sql
-- Only the pools that lanes with work on them need: whoever looks for other work does not wait here. What a pool has granted
-- is summed under its lock, so claims that take from one pool are made one after the other.
-- Locks: rows of resource_pools, by pool.
create or replace function taskq_private.lock_pools(worker taskq_private.workers, is_claim boolean)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_pools text[] := array(
    select distinct substr(n.key, 6)
    from taskq_private.lanes as l
    cross join lateral jsonb_object_keys(taskq_private.lane_needs(l)) as n (key)
    where l.type = any (worker.types)
      and (worker.queues is null or l.queue = any (worker.queues))
      and n.key like 'pool:%'
      and exists (select from taskq_private.ready_jobs as r where r.lane_id = l.lane_id)
    order by 1
  );
begin
  if cardinality(v_pools) = 0 then
    return '{}';
  end if;
  if is_claim then
    perform from taskq_private.resource_pools as p where p.pool = any (v_pools) order by p.pool for no key update;
  end if;
  return taskq_private.pool_free(v_pools);
end;
$$;
comment on function taskq_private.lock_pools(taskq_private.workers, boolean) is 'How much this worker''s jobs can take of each pool; a claim holds those pools until it commits.';
--! EndIncluded 3_claim/lock_pools.sql
--! Included 3_claim/pool_tokens.sql
create or replace function taskq_private.pool_tokens(pool taskq_private.resource_pools)
returns double precision
language sql
volatile
as $$
  select least(
    pool.capacity, pool.tokens + greatest(extract(epoch from taskq_private.clock() - pool.refilled_at), 0) * pool.refill_per_second
  )::double precision;
$$;
comment on function taskq_private.pool_tokens(taskq_private.resource_pools) is 'How much of a rate there is now.';
--! EndIncluded 3_claim/pool_tokens.sql
--! Included 3_claim/pool_free.sql
-- Capacities: what is not with running jobs, derived from the claims. Rates: what has come back since it was last counted.
create or replace function taskq_private.pool_free(pools text[])
returns jsonb
language sql
volatile
as $$
  with held as materialized (
    select l.lane_id, count(*) as jobs
    from taskq_private.claims as c
    cross join unnest(c.lane_ids) as l (lane_id)
    group by l.lane_id
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
  ), '{}')
  from taskq_private.resource_pools as p
  left join used as u on u.key = 'pool:' || p.pool
  where p.pool = any (pool_free.pools);
$$;
comment on function taskq_private.pool_free(text[]) is 'How much of each pool can go out now.';
--! EndIncluded 3_claim/pool_free.sql
--! Included 3_claim/spend_tokens.sql
-- The caller holds the pools.
create or replace function taskq_private.spend_tokens(lane_ids integer[])
returns void
language plpgsql
volatile
as $$
begin
  update taskq_private.resource_pools as p
  set tokens = greatest(taskq_private.pool_tokens(p) - spent.amount, 0), refilled_at = taskq_private.clock()
  from (
    select substr(n.key, 6) as pool, sum(n.value::numeric * c.jobs) as amount
    from (select u.lane_id, count(*) as jobs from unnest(lane_ids) as u (lane_id) group by u.lane_id) as c
    join taskq_private.lanes as l on l.lane_id = c.lane_id
    cross join lateral jsonb_each(taskq_private.lane_needs(l)) as n
    where n.key like 'pool:%'
    group by 1
  ) as spent
  where p.pool = spent.pool and p.refill_per_second is not null;
end;
$$;
comment on function taskq_private.spend_tokens(integer[]) is 'Takes from rates what these jobs take.';
--! EndIncluded 3_claim/spend_tokens.sql
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
  join taskq_private.resource_pools as p on n.key = 'pool:' || p.pool and p.refill_per_second is not null
  where exists (select from taskq_private.ready_jobs as r where r.lane_id = l.lane_id)
    and taskq_private.pool_tokens(p) < n.value::numeric
    and p.capacity >= n.value::numeric;
$$;
comment on function taskq_private.tokens_in() is 'Seconds until a rate allows the next ready job; null when none waits for a rate.';
--! EndIncluded 3_claim/tokens_in.sql
--! Included 3_claim/lane_fits.sql
create or replace function taskq_private.lane_fits(lane taskq_private.lanes, free taskq_private.capacity)
returns boolean
language sql
stable
as $$
  select lane.cpu_units <= free.cpu_units and lane.memory_mb <= free.memory_mb
    and taskq_private.covers(free.others, coalesce(taskq_private.lane_needs(lane), '{}'));
$$;
comment on function taskq_private.lane_fits(taskq_private.lanes, taskq_private.capacity) is 'Whether a job of this lane fits what is free.';
--! EndIncluded 3_claim/lane_fits.sql
--! Included 3_claim/large_head.sql
-- The first job in line that is too large for what is free but not for the worker, once it has been ready for
-- reserve_after_seconds. Each job reserves one worker; a lane with k reservations shows its next job. Whatever comes after it
-- has to wait; while something that this worker could run comes before it, whether that fits now or not, it is not its turn
-- (is_first is false): else a low job would have the next room on a full worker, whatever urgent ones wait.
create or replace function taskq_private.large_head(
  worker taskq_private.workers, free taskq_private.capacity,
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
  select l as lane, head.job_id, head.ready_at + behind.handicap as order_at into v_head
  from taskq_private.lanes as l
  join taskq_private.queues as q on q.queue = l.queue
  cross join lateral (select (l.priority - 1) * (coalesce(q.aging_seconds, 946080000) * interval '1 second')) as behind (handicap)
  cross join lateral (
    select r.ready_at, r.job_id from taskq_private.ready_jobs as r
    where r.lane_id = l.lane_id and r.ready_at <= v_old
    order by r.ready_at, r.job_id
    offset (select count(*) from taskq_private.reservations as o where o.lane_id = l.lane_id)
    limit 1
  ) as head
  where l.type = any (worker.types)
    and (worker.queues is null or l.queue = any (worker.queues))
    and q.paused_at is null
    and l.cpu_units <= worker.cpu_units and l.memory_mb <= worker.memory_mb
    and (l.resources = '{}' or taskq_private.covers(worker.resources, taskq_private.own_needs(l)))
    and (
      l.cpu_units > free.cpu_units or l.memory_mb > free.memory_mb
      or l.resources <> '{}' and not taskq_private.covers(free.others, taskq_private.own_needs(l))
    )
    and taskq_private.covers(free.others, coalesce(taskq_private.lane_needs(l), '{}') - array(select jsonb_object_keys(taskq_private.own_needs(l))))
  order by head.ready_at + behind.handicap, head.ready_at, head.job_id
  limit 1;

  lane := v_head.lane;
  job_id := v_head.job_id;
  order_at := v_head.order_at;
  is_first := order_at is not null and not exists (
    select from taskq_private.lane_heads(worker, v_all, 1, 0::smallint, (select count(*)::integer + 1 from taskq_private.reservations)) as h
    where h.ready_at + h.handicap < large_head.order_at and not exists (select from taskq_private.reservations as r where r.job_id = h.job_id)
  );
end;
$$;
comment on function taskq_private.large_head(taskq_private.workers, taskq_private.capacity) is
  'The job that this worker should be kept free for, or that what comes after it should not pass.';
--! EndIncluded 3_claim/large_head.sql
--! Included 3_claim/reserve_worker.sql
-- Two workers that find the same job: the second gets nothing (unique_reservations_job_id).
create or replace function taskq_private.reserve_worker(worker_id uuid, job_id uuid, lane_id integer)
returns boolean
language plpgsql
volatile
as $$
begin
  insert into taskq_private.reservations (worker_id, job_id, lane_id, made_at)
  values (worker_id, job_id, lane_id, taskq_private.clock())
  on conflict do nothing;
  return found;
end;
$$;
comment on function taskq_private.reserve_worker(uuid, uuid, integer) is 'Keeps this worker free for this job; false when another one is already.';
--! EndIncluded 3_claim/reserve_worker.sql
--! Included 3_claim/own_reservation.sql
-- A reservation ends when its job has gone: claimed by whoever had room, cancelled, or made to wait for something else.
create or replace function taskq_private.own_reservation(worker_id uuid, is_claim boolean)
returns taskq_private.lanes
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_lane taskq_private.lanes;
begin
  select l.* into v_lane
  from taskq_private.reservations as r
  join taskq_private.ready_jobs as j on j.lane_id = r.lane_id and j.job_id = r.job_id
  join taskq_private.lanes as l on l.lane_id = r.lane_id
  join taskq_private.queues as q on q.queue = l.queue and q.paused_at is null
  join taskq_private.workers as w on w.worker_id = r.worker_id and taskq_private.could_run(w, l) -- its capacity may have been changed
  where r.worker_id = own_reservation.worker_id;
  if not found and is_claim then
    delete from taskq_private.reservations as r where r.worker_id = own_reservation.worker_id;
  end if;
  return v_lane;
end;
$$;
comment on function taskq_private.own_reservation(uuid, boolean) is 'The lane of the job that this worker is kept free for; null when there is none.';
--! EndIncluded 3_claim/own_reservation.sql
--! Included 3_claim/could_run.sql
create or replace function taskq_private.could_run(worker taskq_private.workers, lane taskq_private.lanes)
returns boolean
language sql
stable
as $$
  select lane.type = any (worker.types)
    and (worker.queues is null or lane.queue = any (worker.queues))
    and lane.cpu_units <= worker.cpu_units and lane.memory_mb <= worker.memory_mb
    and (lane.resources = '{}' or taskq_private.covers(worker.resources, taskq_private.own_needs(lane)));
$$;
comment on function taskq_private.could_run(taskq_private.workers, taskq_private.lanes) is 'Whether a worker serves a lane and is large enough for its jobs when it has nothing else.';
--! EndIncluded 3_claim/could_run.sql
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
    join taskq_private.ready_jobs as j on j.lane_id = r.lane_id and j.job_id = r.job_id
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
--! Included 3_claim/end_reservations.sql
-- Jobs that are taken need no worker kept free. Jobs of a lane are alike, so a worker may have started one that another was kept
-- free for: then that other is kept for the job that is left, if it could run it. Else it would wait for a worker that is full.
-- Locks: the reservations concerned, by worker_id.
create or replace function taskq_private.end_reservations(worker_id uuid, job_ids uuid[])
returns void
language plpgsql
volatile
as $$
declare
  v_own taskq_private.reservations;
  v_other_id uuid;
begin
  perform from taskq_private.reservations as r
  where r.worker_id = end_reservations.worker_id or r.job_id = any (job_ids) order by r.worker_id for update;
  select * into v_own from taskq_private.reservations as r where r.worker_id = end_reservations.worker_id and r.job_id <> all (job_ids);

  select r.worker_id into v_other_id
  from taskq_private.reservations as r
  join taskq_private.workers as w on w.worker_id = r.worker_id
  join taskq_private.lanes as l on l.lane_id = v_own.lane_id
  where r.job_id = any (job_ids) and r.worker_id <> end_reservations.worker_id and taskq_private.could_run(w, l)
  order by r.made_at, r.worker_id
  limit 1;

  delete from taskq_private.reservations as r where r.job_id = any (job_ids);
  if v_other_id is not null then
    update taskq_private.reservations as r set worker_id = v_other_id where r.worker_id = end_reservations.worker_id;
  end if;
end;
$$;
comment on function taskq_private.end_reservations(uuid, uuid[]) is 'Forgets which workers were kept free for jobs that are taken now.';
--! EndIncluded 3_claim/end_reservations.sql
--! Included 3_claim/expected_seconds.sql
create or replace function taskq_private.expected_seconds(job_id uuid)
returns double precision
language sql
stable
as $$
  select coalesce(s.expected_seconds, t.p95_seconds, s.timeout_seconds)
  from taskq_private.job_specs as s
  join taskq_private.lanes as l on l.lane_id = s.lane_id
  join taskq_private.task_types as t on t.type = l.type
  where s.job_id = expected_seconds.job_id;
$$;
comment on function taskq_private.expected_seconds(uuid) is 'How long a job is expected to run: what it says, else what its type''s recent jobs took, else its timeout.';
--! EndIncluded 3_claim/expected_seconds.sql
--! Included 3_claim/shadow_of.sql
-- When the large job can start here, and what is left beside it then, as jobs that run are expected to end (all that end at
-- that instant). One that overruns is taken to end now, so that nothing new is let in for its sake.
create or replace function taskq_private.shadow_of(worker taskq_private.workers, free taskq_private.capacity, lane taskq_private.lanes)
returns taskq_private.shadow
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_needs jsonb := taskq_private.lane_needs(lane);
  v_free taskq_private.capacity := free;
  v_until timestamptz := v_now;
  v_running record;
begin
  for v_running in
    select l.cpu_units, l.memory_mb, l.resources, greatest(c.claimed_at + taskq_private.expected_seconds(u.job_id) * interval '1 second', v_now) as ends_at
    from taskq_private.claims as c
    cross join unnest(c.job_ids, c.lane_ids) as u (job_id, lane_id)
    join taskq_private.lanes as l on l.lane_id = u.lane_id
    where c.worker_id = worker.worker_id
    order by ends_at
  loop
    exit when v_running.ends_at > v_until and lane.cpu_units <= v_free.cpu_units and lane.memory_mb <= v_free.memory_mb and taskq_private.covers(v_free.others, taskq_private.own_needs(lane));
    v_until := v_running.ends_at;
    v_free.cpu_units := v_free.cpu_units + v_running.cpu_units;
    v_free.memory_mb := v_free.memory_mb + v_running.memory_mb;
    v_free.others := taskq_private.less(v_free.others, array[v_running.resources], array[-1]);
  end loop;

  v_free.cpu_units := v_free.cpu_units - lane.cpu_units;
  v_free.memory_mb := v_free.memory_mb - lane.memory_mb;
  if v_needs is not null then
    v_free.others := taskq_private.less(v_free.others, array[v_needs], array[1]);
  end if;
  return row(v_until, v_free.cpu_units, v_free.memory_mb, v_free.others, false)::taskq_private.shadow;
end;
$$;
comment on function taskq_private.shadow_of(taskq_private.workers, taskq_private.capacity, taskq_private.lanes) is
  'When a job of this lane can start on this worker, and what is left beside it then.';
--! EndIncluded 3_claim/shadow_of.sql
--! Included 3_claim/go_beside.sql
-- EASY backfill: a job may go first that will have ended before the large job can start, or that fits beside it.
create or replace function taskq_private.go_beside(
  shadow taskq_private.shadow, job_id uuid, cpu_units numeric, memory_mb numeric, needs jsonb
)
returns taskq_private.shadow
language plpgsql
volatile
as $$
declare
  v_shadow taskq_private.shadow := shadow;
begin
  v_shadow.is_refused := false;
  if taskq_private.clock() + taskq_private.expected_seconds(job_id) * interval '1 second' <= shadow.until then
    return v_shadow;
  end if;
  if cpu_units <= shadow.cpu_units and memory_mb <= shadow.memory_mb and taskq_private.covers(shadow.others, coalesce(needs, '{}')) then
    v_shadow.cpu_units := shadow.cpu_units - cpu_units;
    v_shadow.memory_mb := shadow.memory_mb - memory_mb;
    v_shadow.others := taskq_private.less(shadow.others, array[coalesce(needs, '{}')], array[1]);
    return v_shadow;
  end if;
  v_shadow.is_refused := true;
  return v_shadow;
end;
$$;
comment on function taskq_private.go_beside(taskq_private.shadow, uuid, numeric, numeric, jsonb) is
  'Whether a job may run on a worker that is kept free for a larger one; answers what is then left beside that one.';
--! EndIncluded 3_claim/go_beside.sql
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
    from unnest(v_chosen.lane_ids, v_chosen.job_counts, v_chosen.handicaps) as chosen (lane_id, job_count, handicap)
    cross join lateral (
      select r.ctid as row_id, r.job_id, r.lane_id, r.attempt, r.ready_at
      from taskq_private.ready_jobs as r
      where r.lane_id = chosen.lane_id and (v_chosen.job_ids is null or r.job_id = any (v_chosen.job_ids))
      order by r.ready_at, r.job_id
      limit chosen.job_count
      for update skip locked
    ) as r
    order by r.ready_at + chosen.handicap, r.ready_at, r.job_id
  ) as head;
  if v_taken.job_ids is null then
    return;
  end if;

  if exists (select from taskq_private.resource_pools as p where p.refill_per_second is not null) then
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
    join taskq_private.job_specs as s on s.job_id = t.job_id
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
--! Included 4_run/check_resources.sql
create or replace function taskq_private.check_resources(resources jsonb)
returns void
language plpgsql
immutable
as $$
declare
  v_bad text;
begin
  if jsonb_typeof(resources) <> 'object' then
    perform taskq_private.raise_error(taskq_private.invalid('resources', 'resources must be an object of names and amounts', 'TQ422', 'For example {"gpu": 2}.'));
  end if;
  select r.key into v_bad
  from jsonb_each(resources) as r
  where r.key !~ '^[A-Za-z0-9_.-]{1,100}$' or r.key in ('cpu_units', 'memory_mb') or jsonb_typeof(r.value) <> 'number'
    or case when jsonb_typeof(r.value) = 'number' then r.value::numeric not between 0 and 999999999 end
  limit 1;
  if v_bad is not null then
    perform taskq_private.raise_error(taskq_private.invalid('resources.' || v_bad, format('resources.%s must be a number from 0 to 999999999 under a name of A-Z a-z 0-9 _ . -', v_bad)));
  end if;
end;
$$;
comment on function taskq_private.check_resources(jsonb) is 'Raises TQ422 for what cannot be the further resources of a worker or a type.';
--! EndIncluded 4_run/check_resources.sql
--! Included 4_run/register_worker.sql
-- A worker says what it can run and carry, and gets an id. A restarted worker registers anew. Raises: TQ422.
create or replace function taskq.register_worker(
  name text,
  types text[],
  cpu_units numeric,
  memory_mb integer,
  concurrency integer default 1,
  queues text[] default null,
  resources jsonb default '{}'
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_worker_id uuid := taskq_private.job_id_at(v_now);
begin
  perform taskq_private.check_resources(resources);
  insert into taskq_private.workers (worker_id, name, types, queues, cpu_units, memory_mb, resources, concurrency, started_at, heartbeat_at)
  values (v_worker_id, name, types, queues, cpu_units, memory_mb, coalesce(resources, '{}'), concurrency, v_now, v_now);
  return v_worker_id;
end;
$$;
comment on function taskq.register_worker(text, text[], numeric, integer, integer, text[], jsonb) is
  'Registers a worker: the job types it runs, the cpu and memory that its jobs may take together, how many it runs at a time, the queues it serves (null for all), and what else it has, such as {"gpu": 2}. Answers its worker_id.';
--! EndIncluded 4_run/register_worker.sql
--! Included 5_finish/end_attempts.sql
-- The one way out of a claim, for reports of workers, timeouts, cancels and lost workers alike.
-- Locks: the caller holds the claims; children follow in settle_dependents.
create or replace function taskq_private.end_attempts(ended taskq_private.ended_attempt[])
returns void
language plpgsql
volatile
as $$
declare
  v_completed taskq_private.ended_attempt[];
  v_others taskq_private.ended_attempt[];
begin
  if coalesce(cardinality(ended), 0) = 0 then
    return;
  end if;
  perform taskq_private.shrink_claims(ended);

  select array_agg(e) filter (where e.outcome = 'completed'), array_agg(e) filter (where e.outcome <> 'completed')
  into v_completed, v_others
  from unnest(ended) as e;

  if v_completed is not null then
    perform taskq_private.complete_attempts(v_completed);
  end if;
  if v_others is not null then
    perform taskq_private.fail_attempts(v_others);
  end if;

  if exists (select from taskq_private.resource_pools) then
    perform taskq_private.hint('ready'); -- other workers may have waited for what these held
  end if;
  delete from taskq_private.cancel_requests as r where r.job_id = any (array(select e.job_id from unnest(ended) as e));
  delete from taskq_private.job_progress as p where p.job_id = any (array(select e.job_id from unnest(ended) as e));
end;
$$;
comment on function taskq_private.end_attempts(taskq_private.ended_attempt[]) is 'Takes attempts out of their claims and gives each job its next place.';
--! EndIncluded 5_finish/end_attempts.sql
--! Included 5_finish/complete_attempts.sql
-- running -> completed.
create or replace function taskq_private.complete_attempts(ended taskq_private.ended_attempt[])
returns void
language plpgsql
volatile
as $$
declare
  v_job_ids uuid[];
begin
  insert into taskq_private.finished_jobs (job_id, lane_id, status, attempt, outcome, finished_at, started_at, claim_id, worker_id, result)
  select e.job_id, e.lane_id, 'completed', e.attempt, 'completed', taskq_private.clock(), e.started_at, e.claim_id, e.worker_id, e.result
  from unnest(ended) as e;

  v_job_ids := array(select e.job_id from unnest(ended) as e);
  perform taskq_private.record_event(
    'job_completed', v_job_ids, array(select e.lane_id from unnest(ended) as e), array(select e.attempt from unnest(ended) as e)
  );
  perform taskq_private.leave_keys(v_job_ids);
  perform taskq_private.count_workflow_jobs(v_job_ids, 1);
  perform taskq_private.settle_dependents(v_job_ids, 'completed');
end;
$$;
comment on function taskq_private.complete_attempts(taskq_private.ended_attempt[]) is 'Records completions and lets their dependents go.';
--! EndIncluded 5_finish/complete_attempts.sql
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
      select e.*, n.next_status, n.reason, v_now + least(greatest(coalesce(e.retry_after_seconds, taskq_private.retry_delay(s, e.attempt)), 0), 5184000) * interval '1 second' as due_at
      from unnest(ended) as e
      join taskq_private.job_specs as s on s.job_id = e.job_id
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
begin
  update taskq_private.workers as w
  set status = end_worker.status, ended_at = taskq_private.clock()
  where w.worker_id = end_worker.worker_id and w.status in ('active', 'draining');
  if not found then
    return 0;
  end if;

  delete from taskq_private.reservations as r where r.worker_id = end_worker.worker_id;
  return taskq_private.end_claims(
    array(select c.claim_id from taskq_private.claims as c where c.worker_id = end_worker.worker_id),
    end_worker.outcome,
    case when end_worker.outcome = 'lost' then jsonb_build_object('message', 'the worker that ran it died') end
  );
end;
$$;
comment on function taskq_private.end_worker(uuid, taskq.worker_status, taskq.attempt_outcome) is
  'Ends a worker; every job that it holds ends with this outcome. Answers how many.';
--! EndIncluded 5_finish/end_worker.sql
--! Included 6_unblock/unblock_dependents.sql
-- blocked -> ready | pending | retrying. Marking an edge and counting it down happen under the child's lock, which the caller
-- holds, so that parents that end at once count each edge once.
create or replace function taskq_private.unblock_dependents(edges taskq_private.job_dependencies[])
returns void
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_child_ids uuid[] := array(select e.job_id from unnest(edges) as e);
  v_job_ids uuid[];
  v_lane_ids integer[];
  v_attempts smallint[];
begin
  if cardinality(v_child_ids) = 0 then
    return;
  end if;

  with marked as (
    update taskq_private.job_dependencies as d
    set satisfied = true
    from unnest(edges) as e
    where d.job_id = e.job_id and d.depends_on_id = e.depends_on_id and not d.satisfied
    returning d.job_id
  )
  update taskq_private.waiting_jobs as w
  set remaining_dependencies = w.remaining_dependencies - m.satisfied_count
  from (select job_id, count(*) as satisfied_count from marked group by job_id) as m
  where w.job_id = m.job_id;

  update taskq_private.waiting_jobs as w
  set status = case when w.attempt > 1 then 'retrying' else 'pending' end::taskq.job_status
  where w.job_id = any (v_child_ids) and w.status = 'blocked' and w.remaining_dependencies = 0 and w.due_at > v_now;

  with freed as (
    delete from taskq_private.waiting_jobs as w
    where w.job_id = any (v_child_ids) and w.status = 'blocked' and w.remaining_dependencies = 0
    returning w.job_id, w.lane_id, w.attempt
  )
  select array_agg(f.job_id), array_agg(f.lane_id), array_agg(f.attempt) into v_job_ids, v_lane_ids, v_attempts from freed as f;
  if v_job_ids is not null then
    perform taskq_private.make_ready(v_job_ids, v_lane_ids, v_attempts, array_fill(v_now, array[cardinality(v_job_ids)]));
    perform taskq_private.record_event('job_ready', v_job_ids, v_lane_ids);
    perform taskq_private.hint('ready');
  end if;
end;
$$;
comment on function taskq_private.unblock_dependents(taskq_private.job_dependencies[]) is
  'Marks edges as satisfied and makes the children ready that wait for nothing more.';
--! EndIncluded 6_unblock/unblock_dependents.sql
--! Included 7_operate/tick.sql
-- Everything that time does: due jobs, lost workers, timeouts, what large graphs left over, retention. Any process may call it at any time; one gets
-- through. Bounded: what is left over is done by the next call.
-- Locks: the settings' row, which nobody but this schema's functions can hold; an advisory lock is anybody's to take.
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
end;
$$;
comment on function taskq.tick() is
  'Does what is due: makes due jobs ready, gives the jobs of lost workers to others, ends attempts that outran their timeout, goes on with what was left of large graphs, brings workflows up to date, deletes what has been kept long enough. Servers and workers call it each second; pg_cron or psql may too. ran is false when another session is at it.';
--! EndIncluded 7_operate/tick.sql
--! Included 7_operate/cancel_unstarted.sql
-- Locks: ready, then waiting rows, by job_id.
create or replace function taskq_private.cancel_unstarted(job_ids uuid[], reason text)
returns uuid[]
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_gone record;
begin
  perform from taskq_private.job_specs as s
  join taskq_private.ready_jobs as r on r.lane_id = s.lane_id and r.job_id = s.job_id
  where s.job_id = any (cancel_unstarted.job_ids) order by r.job_id for update of r;
  perform from taskq_private.waiting_jobs as w where w.job_id = any (cancel_unstarted.job_ids) order by w.job_id for update;

  with was_ready as (
    delete from taskq_private.ready_jobs as r
    using taskq_private.job_specs as s
    where s.job_id = any (cancel_unstarted.job_ids) and r.lane_id = s.lane_id and r.job_id = s.job_id
    returning r.job_id, r.lane_id, r.attempt
  ), was_waiting as (
    delete from taskq_private.waiting_jobs as w
    where w.job_id = any (cancel_unstarted.job_ids)
    returning w.job_id, w.lane_id, w.attempt
  ), gone as (
    select * from was_ready union all select * from was_waiting
  ), stored as (
    insert into taskq_private.finished_jobs (job_id, lane_id, status, attempt, outcome, finished_at, reason, error)
    select g.job_id, g.lane_id, 'cancelled', g.attempt, 'cancelled', taskq_private.clock(), 'requested',
      case when cancel_unstarted.reason is not null then jsonb_build_object('message', cancel_unstarted.reason) end
    from gone as g
  )
  select array_agg(g.job_id) as job_ids, array_agg(g.lane_id) as lane_ids, array_agg(g.attempt) as attempts into v_gone from gone as g;

  perform taskq_private.record_event('job_cancelled', v_gone.job_ids, v_gone.lane_ids, v_gone.attempts);
  perform taskq_private.leave_keys(v_gone.job_ids);
  perform taskq_private.count_workflow_jobs(v_gone.job_ids, 1);
  return coalesce(v_gone.job_ids, '{}');
end;
$$;
comment on function taskq_private.cancel_unstarted(uuid[], text) is 'Cancels those of these jobs that are ready or waiting; answers which. Their dependents are the caller''s to settle.';
--! EndIncluded 7_operate/cancel_unstarted.sql
--! Included 7_operate/replay_jobs.sql
-- failed | cancelled -> ready | pending | blocked. A new life: the attempt number starts again, the claim_id never does.
-- A workflow that was cancelled no longer is.
-- The caller holds the finished rows, and the places of the parents that they still wait for.
create or replace function taskq_private.replay_jobs(job_ids uuid[])
returns void
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_gone record;
begin
  if cardinality(job_ids) = 0 then
    return;
  end if;
  perform taskq_private.count_workflow_jobs(job_ids, -1);
  update taskq_private.workflows as w
  set cancel_requested_at = null, cancel_reason = null
  where w.workflow_id = any (array(select s.workflow_id from taskq_private.job_specs as s where s.job_id = any (job_ids)))
    and w.cancel_requested_at is not null and w.cancelled_down_to is null;
  delete from taskq_private.unsettled_jobs as u where u.job_id = any (job_ids);

  with gone as (
    delete from taskq_private.finished_jobs as f where f.job_id = any (job_ids) returning f.*
  ), kept as (
    insert into taskq_private.job_attempts (job_id, claim_id, attempt, worker_id, started_at, ended_at, outcome, ended_a_life, error)
    select g.job_id, g.claim_id, g.attempt, g.worker_id, g.started_at, g.finished_at, g.outcome, true, g.error
    from gone as g where g.claim_id is not null
  ), placed as (
    select g.job_id, g.lane_id, s.run_at, edges.remaining
    from gone as g
    join taskq_private.job_specs as s on s.job_id = g.job_id
    cross join lateral (
      select count(*)::integer as remaining from taskq_private.job_dependencies as d where d.job_id = g.job_id and not d.satisfied
    ) as edges
  ), waiting as (
    insert into taskq_private.waiting_jobs (job_id, lane_id, status, due_at, remaining_dependencies)
    select p.job_id, p.lane_id, (case when p.remaining > 0 then 'blocked' else 'pending' end)::taskq.job_status, p.run_at, p.remaining
    from placed as p where p.remaining > 0 or p.run_at > v_now
  )
  select
    array_agg(p.job_id) as job_ids, array_agg(p.lane_id) as lane_ids,
    array_agg(p.job_id) filter (where can.run) as ready_ids, array_agg(p.lane_id) filter (where can.run) as ready_lane_ids
  into v_gone
  from placed as p
  cross join lateral (select p.remaining = 0 and (p.run_at is null or p.run_at <= v_now)) as can (run);
  if v_gone.ready_ids is not null then
    perform taskq_private.make_ready(
      v_gone.ready_ids, v_gone.ready_lane_ids, array_fill(1::smallint, array[cardinality(v_gone.ready_ids)]), array_fill(v_now, array[cardinality(v_gone.ready_ids)])
    );
  end if;

  perform taskq_private.reopen_edges(job_ids);
  perform taskq_private.record_event('job_replayed', v_gone.job_ids, v_gone.lane_ids);
  perform taskq_private.hint('ready');
  perform taskq_private.hint_due(v_now);
end;
$$;
comment on function taskq_private.replay_jobs(uuid[]) is 'Gives jobs that failed or were cancelled a new life.';
--! EndIncluded 7_operate/replay_jobs.sql
--! Included 7_operate/reopen_edges.sql
-- ready | pending | blocked -> blocked: what the earlier end of these jobs let go, and has not started, waits for them again.
-- An edge to a job that someone cancelled is opened too, for its own replay.
-- Locks: the children, by job_id: ready, waiting, then finished rows. One that starts or is replayed meanwhile stays as it is.
create or replace function taskq_private.reopen_edges(job_ids uuid[])
returns void
language plpgsql
volatile
as $$
declare
  v_child_ids uuid[] := array(
    select distinct d.job_id from taskq_private.job_dependencies as d where d.depends_on_id = any (job_ids) and d.satisfied
  );
  v_blocked record;
begin
  if cardinality(v_child_ids) = 0 then
    return;
  end if;
  v_child_ids := taskq_private.lock_unstarted(v_child_ids);

  with opened as (
    update taskq_private.job_dependencies as d
    set satisfied = false
    where d.depends_on_id = any (job_ids) and d.satisfied and d.job_id = any (v_child_ids)
    returning d.job_id
  ), child as materialized (
    select o.job_id, count(*)::integer as edges from opened as o group by o.job_id
  ), was_ready as (
    delete from taskq_private.ready_jobs as r
    using taskq_private.job_specs as s, child as c
    where s.job_id = c.job_id and r.lane_id = s.lane_id and r.job_id = c.job_id
    returning r.job_id, r.lane_id, r.attempt, c.edges
  ), stored as (
    insert into taskq_private.waiting_jobs (job_id, lane_id, status, attempt, remaining_dependencies)
    select r.job_id, r.lane_id, 'blocked', r.attempt, r.edges from was_ready as r
  ), waited as (
    update taskq_private.waiting_jobs as w
    set status = 'blocked', remaining_dependencies = w.remaining_dependencies + c.edges
    from child as c
    where w.job_id = c.job_id
    returning w.job_id, w.lane_id
  ), blocked as (
    select r.job_id, r.lane_id from was_ready as r union all select w.job_id, w.lane_id from waited as w
  )
  select array_agg(b.job_id) as job_ids, array_agg(b.lane_id) as lane_ids into v_blocked from blocked as b;
  perform taskq_private.leave_keys(v_blocked.job_ids);
  perform taskq_private.record_event('job_blocked', v_blocked.job_ids, v_blocked.lane_ids);
end;
$$;
comment on function taskq_private.reopen_edges(uuid[]) is 'Makes the dependents of jobs that are replayed wait for them again, as far as they have not started.';
--! EndIncluded 7_operate/reopen_edges.sql
--! Included 7_operate/delete_jobs.sql
-- Finished jobs only: the caller has locked their finished rows. What they depended on goes with them; that others depended on
-- them stays known with those. A workflow goes with the last of its jobs.
create or replace function taskq_private.delete_jobs(job_ids uuid[])
returns void
language plpgsql
volatile
as $$
declare
  v_workflow_ids uuid[];
  v_keys text[];
begin
  v_workflow_ids := array(select distinct s.workflow_id from taskq_private.job_specs as s where s.job_id = any (job_ids) and s.workflow_id is not null);
  v_keys := (select array_agg(distinct s.concurrency_key) from taskq_private.job_specs as s where s.job_id = any (job_ids) and s.concurrency_key is not null);
  delete from taskq_private.idempotency_keys as k
  using taskq_private.job_specs as s
  where s.job_id = any (job_ids) and s.idempotency_key = k.idempotency_key and k.job_id = s.job_id;

  delete from taskq_private.job_dependencies as d where d.job_id = any (job_ids);
  delete from taskq_private.unsettled_jobs as u where u.job_id = any (job_ids);
  delete from taskq_private.job_logs as l where l.job_id = any (job_ids);
  delete from taskq_private.job_attempts as a where a.job_id = any (job_ids);
  delete from taskq_private.finished_jobs as f where f.job_id = any (job_ids);
  delete from taskq_private.job_specs as s where s.job_id = any (job_ids);
  if v_keys is not null then
    perform from taskq_private.concurrency_keys as k where k.concurrency_key = any (v_keys) order by k.concurrency_key for update;
    delete from taskq_private.concurrency_keys as k
    where k.concurrency_key = any (v_keys) and not k.is_kept
      and not exists (select from taskq_private.job_specs as s where s.concurrency_key = k.concurrency_key);
  end if;
  delete from taskq_private.workflows as w
  where w.workflow_id = any (v_workflow_ids) and not exists (select from taskq_private.job_specs as s where s.workflow_id = w.workflow_id);
end;
$$;
comment on function taskq_private.delete_jobs(uuid[]) is 'Deletes finished jobs with their history.';
--! EndIncluded 7_operate/delete_jobs.sql
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
    returning r.attempt, null, r.ready_at, 0 into attempt, due_at, ready_at, remaining;
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
--! Included 7_operate/put_unstarted.sql
-- A job that was ready keeps its place in line.
create or replace function taskq_private.put_unstarted(
  job_id uuid, lane_id integer, attempt smallint, due_at timestamptz, ready_at timestamptz, remaining integer
)
returns taskq.job_status
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_status taskq.job_status := case
    when remaining > 0 then 'blocked'
    when due_at > v_now then case when attempt > 1 then 'retrying' else 'pending' end
    else 'ready'
  end;
begin
  if v_status = 'ready' then
    perform taskq_private.make_ready(array[job_id], array[lane_id], array[attempt], array[coalesce(ready_at, v_now)]);
    perform taskq_private.hint('ready');
  else
    insert into taskq_private.waiting_jobs (job_id, lane_id, status, due_at, remaining_dependencies, attempt)
    values (job_id, lane_id, v_status, due_at, remaining, attempt);
  end if;
  return taskq_private.status_of(job_id);
end;
$$;
comment on function taskq_private.put_unstarted(uuid, integer, smallint, timestamptz, timestamptz, integer) is
  'Puts a job that has not started into the place that it belongs to; answers its status.';
--! EndIncluded 7_operate/put_unstarted.sql
--! Included 7_operate/set_pool.sql
-- Locks: the pool, so that a claim under way counts against the old capacity and the next against the new one.
create or replace function taskq.set_pool(pool text, capacity numeric)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.store_pool(pool, capacity, null, null, null);
end;
$$;
comment on function taskq.set_pool(text, numeric) is
  'Makes a pool that jobs of all workers share, or changes how much of it there is. A job takes from it what its resource_requirements say, for as long as it runs. Example: select taskq.set_pool(''stripe_api'', 5).';
--! EndIncluded 7_operate/set_pool.sql
--! Included 7_operate/set_rate.sql
-- Locks: the pool.
create or replace function taskq.set_rate(pool text, amount numeric, per_seconds numeric, burst numeric default null)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.store_pool(pool, coalesce(burst, amount), taskq_private.rate_of(amount, per_seconds), null, null);
end;
$$;
comment on function taskq.set_rate(text, numeric, numeric, numeric) is
  'Makes a pool that refills: amount in per_seconds, and at most burst (or amount) at once after a pause. What a job takes from it is spent, not given back. Example, 100 a minute and at most 10 at once: select taskq.set_rate(''mail_api'', 100, 60, 10).';
--! EndIncluded 7_operate/set_rate.sql
--! Included 7_operate/rate_of.sql
create or replace function taskq_private.rate_of(amount numeric, per_seconds numeric)
returns double precision
language plpgsql
immutable
as $$
begin
  if (amount > 0 and per_seconds > 0) is not true then
    perform taskq_private.raise_error(taskq_private.invalid(
      case when amount > 0 then 'per_seconds' else 'amount' end, 'a rate is an amount above 0 in per_seconds above 0', 'TQ422', 'For example 100 in 60 seconds.'
    ));
  end if;
  return amount / per_seconds;
end;
$$;
comment on function taskq_private.rate_of(numeric, numeric) is 'So much a second; raises TQ422 for what is no rate.';
--! EndIncluded 7_operate/rate_of.sql
--! Included 7_operate/store_pool.sql
-- Raises: TQ422 for a name or an amount that cannot be.
create or replace function taskq_private.store_pool(pool text, capacity numeric, refill_per_second double precision, queue text, type text)
returns void
language plpgsql
volatile
as $$
#variable_conflict use_column
begin
  if (store_pool.pool ~ '^[A-Za-z0-9_.:-]{1,120}$') is not true or store_pool.pool in ('cpu_units', 'memory_mb')
    or store_pool.pool ~ '^(queue|type|rate):' and store_pool.queue is null and store_pool.type is null
  then
    perform taskq_private.raise_error(taskq_private.invalid('pool', format('"%s" cannot be the name of a pool', left(store_pool.pool, 150)), 'TQ422', 'Use 1 to 120 of A-Z a-z 0-9 _ . : -; queue:, type: and rate: begin the names of limits.'));
  end if;
  if (store_pool.capacity between 0 and 999999999 and store_pool.capacity * 1000 % 1 = 0) is not true then
    perform taskq_private.raise_error(taskq_private.invalid('capacity', 'capacity must be a number from 0 to 999999999, three decimals at most'));
  end if;
  if store_pool.queue is null and store_pool.type is null
    and exists (select from taskq_private.workers as w where w.status in ('active', 'draining') and w.resources ? store_pool.pool)
  then
    raise exception '"%" is a resource that workers have of their own', store_pool.pool
      using errcode = 'TQ409', detail = 'declared', hint = 'Give the pool another name: jobs could not say which of the two they mean.';
  end if;
  insert into taskq_private.resource_pools as p (pool, capacity, refill_per_second, tokens, refilled_at, queue, type, created_at)
  values (
    store_pool.pool, store_pool.capacity, store_pool.refill_per_second, case when store_pool.refill_per_second is not null then store_pool.capacity end,
    case when store_pool.refill_per_second is not null then taskq_private.clock() end, store_pool.queue, store_pool.type, taskq_private.clock()
  )
  on conflict (pool) do update set
    capacity = excluded.capacity,
    refill_per_second = excluded.refill_per_second,
    tokens = case when excluded.refill_per_second is not null then least(coalesce(taskq_private.pool_tokens(p), excluded.capacity), excluded.capacity) end,
    refilled_at = excluded.refilled_at,
    queue = coalesce(excluded.queue, p.queue),
    type = coalesce(excluded.type, p.type);
  perform taskq_private.record_audit('set_pool', store_pool.pool, jsonb_strip_nulls(jsonb_build_object('capacity', store_pool.capacity, 'refill_per_second', store_pool.refill_per_second)));
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq_private.store_pool(text, numeric, double precision, text, text) is 'Makes a pool or changes it.';
--! EndIncluded 7_operate/store_pool.sql
--! Included 7_operate/delete_pool.sql
-- Raises: TQ404; TQ409 while jobs that have not ended name it.
create or replace function taskq.delete_pool(pool text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_pool taskq_private.resource_pools;
begin
  select * into v_pool from taskq_private.resource_pools as p where p.pool = delete_pool.pool for update;
  if not found then
    raise exception 'no pool "%"', delete_pool.pool using errcode = 'TQ404', hint = 'select pool from taskq.list_pools() lists them.';
  end if;
  if v_pool.queue is null and v_pool.type is null and exists (
    select from taskq_private.lanes as l
    where l.resources ? delete_pool.pool
      and (
        exists (select from taskq_private.ready_jobs as r where r.lane_id = l.lane_id)
        or exists (select from taskq_private.waiting_jobs as w where w.lane_id = l.lane_id)
        or exists (select from taskq_private.claims as c where c.lane_ids @> array[l.lane_id])
      )
  ) then
    raise exception 'pool "%" cannot be deleted: jobs need it', delete_pool.pool
      using errcode = 'TQ409', detail = 'needed', hint = 'Give it capacity, or cancel those jobs first.';
  end if;
  delete from taskq_private.resource_pools as p where p.pool = delete_pool.pool;
  perform taskq_private.record_audit('delete_pool', delete_pool.pool);
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq.delete_pool(text) is 'Deletes a pool, or the limit of a queue or type (queue:<name>, type:<name>, rate:queue:<name>, rate:type:<name>). Refused while jobs name it that have not ended.';
--! EndIncluded 7_operate/delete_pool.sql
--! Included 7_operate/limit_name.sql
create or replace function taskq_private.limit_name(queue text, type text)
returns text
language plpgsql
stable
as $$
begin
  if (queue is null) = (type is null) then
    perform taskq_private.raise_error(taskq_private.invalid('queue', 'a limit is for a queue or for a type', 'TQ422', 'Give one of the two.'));
  end if;
  if coalesce(queue, type) !~ '^[A-Za-z0-9_.:-]{1,100}$' then
    perform taskq_private.raise_error(taskq_private.invalid(case when queue is null then 'type' else 'queue' end, 'a name is 1 to 100 of A-Z a-z 0-9 _ . : -'));
  end if;
  return case when queue is null then 'type:' || type else 'queue:' || queue end;
end;
$$;
comment on function taskq_private.limit_name(text, text) is 'The name of the pool that stands for the limit of a queue or a type.';
--! EndIncluded 7_operate/limit_name.sql
--! Included 7_operate/set_limit.sql
-- Locks: the pool that stands for the limit. Raises: TQ422.
create or replace function taskq.set_limit(queue text default null, type text default null, max_running integer default null)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_pool text := taskq_private.limit_name(queue, type);
begin
  if max_running is null then
    perform taskq.delete_pool(v_pool);
  else
    perform taskq_private.store_pool(v_pool, max_running, null, queue, type);
  end if;
  return v_pool;
end;
$$;
comment on function taskq.set_limit(text, text, integer) is
  'Limits how many jobs of a queue or of a type run at a time, across all workers; null for no limit. Answers the name of the pool that stands for it. Example: select taskq.set_limit(type => ''send_email'', max_running => 10).';
--! EndIncluded 7_operate/set_limit.sql
--! Included 7_operate/set_rate_limit.sql
-- Locks: the pool that stands for the limit. Raises: TQ422.
create or replace function taskq.set_rate_limit(
  queue text default null, type text default null, jobs numeric default null, per_seconds numeric default 1, burst numeric default null
)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_pool text := 'rate:' || taskq_private.limit_name(queue, type);
begin
  if jobs is null then
    perform taskq.delete_pool(v_pool);
  else
    if burst < 1 then
      perform taskq_private.raise_error(taskq_private.invalid('burst', 'burst must be 1 or more: a job takes one'));
    end if;
    perform taskq_private.store_pool(v_pool, coalesce(burst, greatest(jobs, 1)), taskq_private.rate_of(jobs, per_seconds), queue, type);
  end if;
  return v_pool;
end;
$$;
comment on function taskq.set_rate_limit(text, text, numeric, numeric, numeric) is
  'Limits how many jobs of a queue or of a type start: jobs in per_seconds, and at most burst (or jobs, at least 1) at once after a pause; null for no limit. Example, 100 a minute: select taskq.set_rate_limit(queue => ''mail'', jobs => 100, per_seconds => 60).';
--! EndIncluded 7_operate/set_rate_limit.sql
--! Included 7_operate/set_concurrency_limit.sql
-- Locks: the key, then parked jobs. Raises: TQ422.
create or replace function taskq.set_concurrency_limit(concurrency_key text, max_running integer)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if (length(set_concurrency_limit.concurrency_key) between 1 and 255) is not true then
    perform taskq_private.raise_error(taskq_private.invalid('concurrency_key', 'concurrency_key must be a text of 1 to 255 characters'));
  end if;
  if (set_concurrency_limit.max_running not between 1 and 1000000) then
    perform taskq_private.raise_error(taskq_private.invalid('max_running', 'max_running must be a whole number from 1 to 1000000'));
  end if;
  insert into taskq_private.concurrency_keys as k (concurrency_key, max_running, most_running, is_kept)
  values (
    set_concurrency_limit.concurrency_key, coalesce(set_concurrency_limit.max_running, 1), coalesce(set_concurrency_limit.max_running, 1),
    set_concurrency_limit.max_running is not null
  )
  on conflict on constraint pk_concurrency_keys do update set
    max_running = excluded.max_running, most_running = greatest(k.most_running, excluded.max_running), is_kept = excluded.is_kept;
  perform taskq_private.record_audit('set_concurrency_limit', set_concurrency_limit.concurrency_key, to_jsonb(set_concurrency_limit.max_running));
  perform taskq_private.admit_parked(array[set_concurrency_limit.concurrency_key]);
end;
$$;
comment on function taskq.set_concurrency_limit(text, integer) is
  'Says how many jobs of a concurrency_key may be ready or running at a time. Without it a key allows what its jobs say as concurrency_limit, or one; null goes back to that. A lower limit ends nothing that is out already.';
--! EndIncluded 7_operate/set_concurrency_limit.sql
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
      where j.lane_id = l.lane_id and j.status = 'completed'
      order by j.job_id desc
      limit 100
    ) as f
    where l.type = v_type
  ) as recent
  where t.type = v_type;
end;
$$;
comment on function taskq_private.measure_types() is 'Measures how long jobs of one type took of late.';
--! EndIncluded 7_operate/measure_types.sql
--! Included 7_operate/drain_worker.sql
-- Locks: the worker's row. Raises: TQ404, TQ412.
create or replace function taskq.drain_worker(worker_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.lock_worker(worker_id);
  update taskq_private.workers as w set status = 'draining' where w.worker_id = drain_worker.worker_id;
  delete from taskq_private.reservations as r where r.worker_id = drain_worker.worker_id;
  perform taskq_private.record_audit('drain_worker', worker_id::text);
end;
$$;
comment on function taskq.drain_worker(uuid) is 'Lets a worker finish what it has and take nothing new.';
--! EndIncluded 7_operate/drain_worker.sql
--! Included 7_operate/set_worker_capacity.sql
-- Locks: the worker's row. Raises: TQ404, TQ412, TQ422.
create or replace function taskq.set_worker_capacity(
  worker_id uuid, cpu_units numeric default null, memory_mb integer default null, resources jsonb default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  perform taskq_private.check_resources(set_worker_capacity.resources);
  if set_worker_capacity.cpu_units < 0 or set_worker_capacity.memory_mb < 0 then
    perform taskq_private.raise_error(taskq_private.invalid('cpu_units', 'a capacity is not below 0'));
  end if;
  perform taskq_private.lock_worker(set_worker_capacity.worker_id);
  update taskq_private.workers as w
  set
    cpu_units = coalesce(set_worker_capacity.cpu_units, w.cpu_units),
    memory_mb = coalesce(set_worker_capacity.memory_mb, w.memory_mb),
    resources = coalesce(set_worker_capacity.resources, w.resources),
    capacity_set_at = taskq_private.clock()
  where w.worker_id = set_worker_capacity.worker_id;
  perform taskq_private.record_audit(
    'set_worker_capacity', set_worker_capacity.worker_id::text,
    jsonb_strip_nulls(jsonb_build_object('cpu_units', set_worker_capacity.cpu_units, 'memory_mb', set_worker_capacity.memory_mb, 'resources', set_worker_capacity.resources))
  );
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq.set_worker_capacity(uuid, numeric, integer, jsonb) is
  'Changes what a live worker can carry, until it registers again. Below what it holds it ends nothing: it takes nothing new until enough has ended. Example: select taskq.set_worker_capacity(:''worker'', cpu_units => 2).';
--! EndIncluded 7_operate/set_worker_capacity.sql
--! Included 7_operate/configure.sql
create or replace function taskq.configure(
  default_max_attempts integer default null,
  default_timeout_seconds integer default null,
  job_ttl_seconds integer default null,
  event_ttl_seconds integer default null,
  worker_lost_seconds integer default null,
  reserve_after_seconds integer default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_settings jsonb;
begin
  update taskq_private.settings as s
  set
    default_max_attempts = coalesce(configure.default_max_attempts, s.default_max_attempts),
    default_timeout_seconds = coalesce(configure.default_timeout_seconds, s.default_timeout_seconds),
    job_ttl_seconds = coalesce(configure.job_ttl_seconds, s.job_ttl_seconds),
    event_ttl_seconds = coalesce(configure.event_ttl_seconds, s.event_ttl_seconds),
    worker_lost_seconds = coalesce(configure.worker_lost_seconds, s.worker_lost_seconds),
    reserve_after_seconds = coalesce(configure.reserve_after_seconds, s.reserve_after_seconds)
  returning to_jsonb(s) - 'only_row' into v_settings;
  perform taskq_private.record_audit('configure', 'settings', v_settings);
  return v_settings;
end;
$$;
comment on function taskq.configure(integer, integer, integer, integer, integer, integer) is
  'Changes settings that are given and answers them all: attempts and timeout of jobs that name none, how long finished jobs and events are kept, when a silent worker is lost, after how long a large job has a worker kept free for it. Example: select taskq.configure(job_ttl_seconds => 604800).';
--! EndIncluded 7_operate/configure.sql
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
--! Included 8_read/workers.sql
create or replace view taskq.workers as
select
  w.worker_id,
  w.name,
  w.status,
  w.types,
  w.queues,
  w.concurrency,
  w.cpu_units,
  w.memory_mb,
  coalesce(held.jobs, 0)::integer as running_count,
  coalesce(held.cpu_units, 0) as granted_cpu_units,
  coalesce(held.memory_mb, 0)::integer as granted_memory_mb,
  w.load,
  w.started_at,
  w.heartbeat_at,
  w.ended_at,
  w.resources,
  coalesce(held.resources, '{}') as granted_resources,
  (select r.job_id from taskq_private.reservations as r where r.worker_id = w.worker_id) as reserved_job_id
from taskq_private.workers as w
left join lateral (
  select count(*) as jobs, sum(l.cpu_units) as cpu_units, sum(l.memory_mb) as memory_mb,
    (
      select jsonb_object_agg(o.key, o.amount)
      from (
        select r.key, sum(r.value::numeric) as amount
        from taskq_private.claims as c
        cross join unnest(c.lane_ids) as u (lane_id)
        join taskq_private.lanes as l on l.lane_id = u.lane_id
        cross join lateral jsonb_each(l.resources) as r
        where c.worker_id = w.worker_id and w.resources ? r.key and not exists (select from taskq_private.resource_pools as p where p.pool = r.key)
        group by r.key
      ) as o
    ) as resources
  from taskq_private.claims as c
  cross join unnest(c.lane_ids) as u (lane_id)
  join taskq_private.lanes as l on l.lane_id = u.lane_id
  where c.worker_id = w.worker_id
) as held on true;
comment on view taskq.workers is 'The workers: what each can carry, what it has been granted, what its machine really uses.';
--! EndIncluded 8_read/workers.sql
--! Included 8_read/list_pools.sql
create or replace function taskq.list_pools()
returns table (pool text, capacity numeric, queue text, type text, refill_per_second double precision, granted numeric, free numeric, created_at timestamptz)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select
    p.pool, p.capacity, p.queue, p.type, p.refill_per_second,
    case when p.refill_per_second is null then p.capacity - f.free else 0 end,
    greatest(f.free, 0), p.created_at
  from taskq_private.resource_pools as p
  cross join lateral (select (taskq_private.pool_free(array[p.pool]) ->> ('pool:' || p.pool))::numeric) as f (free)
  order by p.pool;
$$;
comment on function taskq.list_pools() is
  'What jobs of all workers share: pools, limits of queues and types (one for each job), and rates (refill_per_second; capacity is the burst). granted is with running jobs now, free can go out now.';
--! EndIncluded 8_read/list_pools.sql
--! Included 8_read/concurrency_keys.sql
create or replace view taskq.concurrency_keys as
select
  k.concurrency_key,
  k.max_running,
  count(j.job_id) filter (where j.is_admitted) as admitted_count,
  count(j.job_id) filter (where not j.is_admitted) as parked_count
from taskq_private.concurrency_keys as k
left join taskq_private.keyed_jobs as j on j.concurrency_key = k.concurrency_key
group by k.concurrency_key, k.max_running;
comment on view taskq.concurrency_keys is 'Keys that jobs share a limit under: how many may be ready or running, how many are, and how many are parked behind them.';
--! EndIncluded 8_read/concurrency_keys.sql
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
--! Included 8_read/explain_parked.sql
create or replace function taskq_private.explain_parked(job_id uuid)
returns table (code text, message text, details jsonb)
language sql
stable
as $$
  select 'concurrency_limit',
    format('Its key "%s" allows %s at a time; it is number %s of those that wait.', j.concurrency_key, k.max_running, place.number),
    jsonb_build_object(
      'concurrency_key', j.concurrency_key, 'max_running', k.max_running, 'place_in_line', place.number,
      'job_ids', array(select o.job_id from taskq_private.keyed_jobs as o where o.concurrency_key = j.concurrency_key and o.is_admitted order by o.job_id limit 100)
    )
  from taskq_private.keyed_jobs as j
  join taskq_private.concurrency_keys as k on k.concurrency_key = j.concurrency_key
  cross join lateral (
    select count(*) + 1 as number
    from taskq_private.keyed_jobs as o
    where o.concurrency_key = j.concurrency_key and not o.is_admitted and (o.priority, o.ready_at, o.job_id) < (j.priority, j.ready_at, j.job_id)
  ) as place
  where j.job_id = explain_parked.job_id and not j.is_admitted;
$$;
comment on function taskq_private.explain_parked(uuid) is 'Which key a parked job waits for, who holds it, and its place in line.';
--! EndIncluded 8_read/explain_parked.sql
--! Included 8_read/explain_pools.sql
create or replace function taskq_private.explain_pools(lane taskq_private.lanes)
returns table (code text, message text, details jsonb)
language sql
stable
as $$
  select case when p.capacity < need.amount then 'larger_than_pool' else 'pool_exhausted' end,
    case
      when p.capacity < need.amount then format('It asks for %s of %s, which never allows more than %s.', trim_scale(need.amount), pool.label, trim_scale(p.capacity))
      when p.refill_per_second is null then format('%s allows %s, and %s is left.', initcap(left(pool.label, 1)) || substr(pool.label, 2), trim_scale(p.capacity), trim_scale(greatest(free.amount, 0)))
      else format('%s allows the next in %s s at the earliest.', initcap(left(pool.label, 1)) || substr(pool.label, 2), round((need.amount - free.amount) / p.refill_per_second::numeric, 3))
    end,
    jsonb_build_object(
      'pool', p.pool, 'capacity', p.capacity, 'free', greatest(free.amount, 0), 'needs', need.amount,
      'next_in_seconds', case when p.refill_per_second is not null and p.capacity >= need.amount then round((need.amount - free.amount) / p.refill_per_second::numeric, 3) end,
      'job_ids', (
        select coalesce(array_agg(u.job_id order by u.job_id), '{}')
        from (
          select u.job_id
          from taskq_private.claims as c
          cross join unnest(c.job_ids, c.lane_ids) as u (job_id, lane_id)
          join taskq_private.lanes as l on l.lane_id = u.lane_id
          where taskq_private.lane_needs(l) ? n.key and p.refill_per_second is null
          limit 100
        ) as u
      )
    )
  from jsonb_each(coalesce(taskq_private.lane_needs(lane), '{}')) as n
  join taskq_private.resource_pools as p on n.key = 'pool:' || p.pool
  cross join lateral (select n.value::numeric) as need (amount)
  cross join lateral (
    select case
      when p.queue is not null then format('the %s of queue %s', case when p.refill_per_second is null then 'limit' else 'rate' end, p.queue)
      when p.type is not null then format('the %s of type %s', case when p.refill_per_second is null then 'limit' else 'rate' end, p.type)
      else format('pool %s', p.pool)
    end
  ) as pool (label)
  cross join lateral (select (taskq_private.pool_free(array[p.pool]) ->> n.key)::numeric) as free (amount)
  where free.amount < need.amount;
$$;
comment on function taskq_private.explain_pools(taskq_private.lanes) is 'The pools that have too little for a job of this lane, and which running jobs hold what there is.';
--! EndIncluded 8_read/explain_pools.sql
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
      case when v_reserved_id is null then format('Workers are full, or others come first: it is number %s of its kind.', v_place)
        else 'A worker is being kept free for it.' end,
      jsonb_strip_nulls(jsonb_build_object('place_in_line', v_place, 'reserved_worker_id', v_reserved_id));
end;
$$;
comment on function taskq_private.explain_ready(taskq_private.lanes, timestamptz, uuid) is 'Whether a claim would take this ready job now, and its place in line if not.';
--! EndIncluded 8_read/explain_ready.sql
--! Included 8_read/explain_lane.sql
-- In the order in which the claim asks: is the queue paused, does a worker serve it, is one large enough, do its pools have room;
-- and then the claim itself is asked. Reasons that a job will not get over by waiting come alone.
create or replace function taskq_private.explain_lane(lane_id integer, ready_at timestamptz, job_id uuid)
returns table (code text, message text, details jsonb)
language plpgsql
stable
as $$
#variable_conflict use_column
declare
  v_lane taskq_private.lanes;
  v_paused_at timestamptz;
  v_serving bigint;
  v_large_enough bigint;
begin
  select * into v_lane from taskq_private.lanes as l where l.lane_id = explain_lane.lane_id;
  select q.paused_at into v_paused_at from taskq_private.queues as q where q.queue = v_lane.queue;
  if v_paused_at is not null then
    return query select 'queue_paused', format('Queue %s is paused.', v_lane.queue), jsonb_build_object('queue', v_lane.queue, 'paused_at', v_paused_at);
  end if;

  select count(*), count(*) filter (
    where w.cpu_units >= v_lane.cpu_units and w.memory_mb >= v_lane.memory_mb and taskq_private.covers(w.resources, taskq_private.own_needs(v_lane))
  )
  into v_serving, v_large_enough
  from taskq_private.workers as w
  where w.status = 'active' and v_lane.type = any (w.types) and (w.queues is null or v_lane.queue = any (w.queues));
  if v_serving = 0 then
    return query select 'no_worker_for_type', format('No live worker runs type %s of queue %s.', v_lane.type, v_lane.queue), jsonb_build_object('type', v_lane.type, 'queue', v_lane.queue);
    return;
  elsif v_large_enough = 0 then
    return query
      select 'larger_than_every_worker',
        format('It asks for %s cpu, %s MB%s, more than any live worker has.', trim_scale(v_lane.cpu_units), v_lane.memory_mb,
          (select string_agg(format(', %s %s', r.value, r.key), '') from jsonb_each_text(taskq_private.own_needs(v_lane)) as r)),
        jsonb_build_object('cpu_units', v_lane.cpu_units, 'memory_mb', v_lane.memory_mb) || taskq_private.own_needs(v_lane);
    return;
  end if;
  return query select p.code, p.message, p.details from taskq_private.explain_pools(v_lane) as p;
  if not found and v_paused_at is null and explain_lane.ready_at is not null then
    return query select r.code, r.message, r.details from taskq_private.explain_ready(v_lane, explain_lane.ready_at, explain_lane.job_id) as r;
  end if;
end;
$$;
comment on function taskq_private.explain_lane(integer, timestamptz, uuid) is 'What keeps jobs of a lane from being claimed as things stand; runnable when nothing does.';
--! EndIncluded 8_read/explain_lane.sql
--! Included 8_read/explain_job.sql
-- Raises: TQ404.
create or replace function taskq.explain_job(job_id uuid)
returns table (code text, message text, details jsonb)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_lane_id integer := taskq_private.lane_of(explain_job.job_id);
  v_place taskq_private.places;
begin
  select * into v_place from taskq_private.places as p where p.job_id = explain_job.job_id;
  if v_place.status in ('completed', 'failed', 'cancelled') then
    return query select v_place.status::text, format('It is %s.', v_place.status), jsonb_build_object('finished_at', v_place.finished_at, 'reason', v_place.reason);
  elsif v_place.status = 'running' then
    return query select 'running', 'It is running.', jsonb_build_object('worker_id', v_place.worker_id, 'started_at', v_place.started_at);
  elsif v_place.status = 'blocked' then
    return query
      select
        case when held.is_so then 'held_by' else 'blocked_by' end,
        case when held.is_so then format('It is held: jobs that it depends on have ended otherwise (%s). Retry them, or cancel it.', count(*))
          else format('It waits for other jobs (%s).', count(*)) end,
        jsonb_build_object('job_ids', (array_agg(d.depends_on_id order by d.depends_on_id))[1:100])
      from taskq_private.job_dependencies as d
      left join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id and not taskq_private.satisfies(f.status, d.condition)
      cross join lateral (select f.job_id is not null) as held (is_so)
      where d.job_id = explain_job.job_id and not d.satisfied
      group by held.is_so;
    return query select p.code, p.message, p.details from taskq_private.explain_parked(explain_job.job_id) as p;
  end if;
  if v_place.due_at > taskq_private.clock() or v_place.status in ('pending', 'retrying') then
    return query select 'waiting_until', format('It waits until %s.', v_place.due_at), jsonb_build_object('due_at', v_place.due_at, 'attempt', v_place.attempt);
  end if;
  if v_place.status in ('pending', 'blocked', 'ready', 'retrying') then
    return query select e.code, e.message, e.details from taskq_private.explain_lane(v_lane_id, v_place.ready_at, explain_job.job_id) as e;
  end if;
end;
$$;
comment on function taskq.explain_job(uuid) is
  'Why a job is not running: every reason with a code (waiting_until, blocked_by, held_by, concurrency_limit, queue_paused, no_worker_for_type, larger_than_every_worker, larger_than_pool, pool_exhausted, waiting_for_capacity, or runnable), a sentence, and details.';
--! EndIncluded 8_read/explain_job.sql
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
        where j.lane_id = lane.lane_id and j.status = 'completed' order by j.job_id desc limit 100
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
--! Included 8_read/simulated_workers.sql
create or replace function taskq_private.simulated_workers(worker_id uuid, cpu_units numeric, memory_mb integer, extra_workers integer)
returns taskq_private.workers[]
language plpgsql
stable
as $$
#variable_conflict use_column
declare
  v_workers taskq_private.workers[] := array(select w from taskq_private.workers as w where w.status = 'active' order by w.worker_number);
  v_changed taskq_private.workers;
begin
  if cardinality(v_workers) = 0 and simulated_workers.worker_id is null
    or num_nonnulls(simulated_workers.worker_id, simulated_workers.cpu_units, simulated_workers.memory_mb) = 0 and extra_workers = 0
  then
    return v_workers;
  end if;
  for v_i in 1 .. cardinality(v_workers) loop
    if simulated_workers.worker_id is null or (v_workers[v_i]).worker_id = simulated_workers.worker_id then
      v_changed := v_workers[v_i];
      v_changed.cpu_units := coalesce(simulated_workers.cpu_units, v_changed.cpu_units);
      v_changed.memory_mb := coalesce(simulated_workers.memory_mb, v_changed.memory_mb);
      v_workers[v_i] := v_changed;
      exit when simulated_workers.worker_id is not null;
    end if;
  end loop;
  if v_changed.worker_id is null then
    raise exception 'worker % is not active', simulated_workers.worker_id
      using errcode = 'TQ404', hint = 'select worker_id from taskq.workers where status = ''active'' lists them.';
  end if;
  for v_i in 1 .. least(extra_workers, 1000) loop
    v_workers := v_workers || v_changed;
  end loop;
  return v_workers;
end;
$$;
comment on function taskq_private.simulated_workers(uuid, numeric, integer, integer) is 'The live workers, one (or all) of them changed, and more like it.';
--! EndIncluded 8_read/simulated_workers.sql
--! Included 8_read/simulated_lanes.sql
create or replace function taskq_private.simulated_lanes(workers taskq_private.workers[])
returns taskq_private.simulated_lane[]
language sql
stable
as $$
  select coalesce(array_agg(row(
    l.lane_id, l.cpu_units, l.memory_mb, backlog.jobs, taskq_private.lane_seconds(l), able.numbers, able.numbers is not null
  )::taskq_private.simulated_lane order by l.priority, backlog.oldest), '{}')
  from taskq_private.lanes as l
  cross join lateral (select count(*) as jobs, min(r.ready_at) as oldest from taskq_private.ready_jobs as r where r.lane_id = l.lane_id) as backlog
  cross join lateral (
    select array_agg(w.ordinality::integer order by w.ordinality) as numbers
    from unnest(workers) with ordinality as w
    where l.type = any (w.types) and (w.queues is null or l.queue = any (w.queues))
      and l.cpu_units <= w.cpu_units and l.memory_mb <= w.memory_mb and taskq_private.covers(w.resources, taskq_private.own_needs(l))
  ) as able
  where backlog.jobs > 0;
$$;
comment on function taskq_private.simulated_lanes(taskq_private.workers[]) is 'The ready backlog by lanes, in order, with how long a job takes and which of these workers can run it.';
--! EndIncluded 8_read/simulated_lanes.sql
--! Included 8_read/simulate_lanes.sql
create or replace function taskq_private.simulate_lanes(workers taskq_private.workers[], lanes taskq_private.simulated_lane[], max_steps integer)
returns taskq_private.simulation
language plpgsql
stable
as $$
declare
  v_cpu double precision[] := array(select w.cpu_units from unnest(workers) with ordinality as w order by w.ordinality);
  v_memory double precision[] := array(select w.memory_mb from unnest(workers) with ordinality as w order by w.ordinality);
  v_slots integer[] := array(select w.concurrency from unnest(workers) with ordinality as w order by w.ordinality);
  v_left bigint[] := array(select case when l.fits then l.jobs else 0 end from unnest(lanes) with ordinality as l order by l.ordinality);
  v_all double precision := (select coalesce(sum(l.jobs * l.seconds), 0) from unnest(lanes) as l where l.fits);
  v_done double precision := 0;
  v_lane taskq_private.simulated_lane;
  v_now double precision := 0;
  v_cpu_seconds double precision := 0;
  v_ends double precision[] := '{}';
  v_run integer[] := '{}'; -- three numbers for each batch that runs: lane, worker, jobs
  v_next integer;
  v_w integer;
  v_k integer;
begin
  for v_step in 1 .. max_steps loop
    for v_i in 1 .. cardinality(lanes) loop
      continue when v_left[v_i] = 0;
      v_lane := lanes[v_i];
      foreach v_w in array v_lane.worker_numbers loop
        v_k := least(v_left[v_i], v_slots[v_w], floor(v_cpu[v_w] / nullif(v_lane.cpu_units, 0) + 1e-9), floor(v_memory[v_w] / nullif(v_lane.memory_mb, 0) + 1e-9));
        continue when v_k < 1;
        v_left[v_i] := v_left[v_i] - v_k;
        v_slots[v_w] := v_slots[v_w] - v_k;
        v_cpu[v_w] := v_cpu[v_w] - v_k * v_lane.cpu_units;
        v_memory[v_w] := v_memory[v_w] - v_k * v_lane.memory_mb;
        v_ends := v_ends || (v_now + v_lane.seconds);
        v_run := v_run || v_i || v_w || v_k;
        v_done := v_done + v_k * v_lane.seconds;
        v_cpu_seconds := v_cpu_seconds + v_k * v_lane.seconds * v_lane.cpu_units;
      end loop;
    end loop;
    exit when cardinality(v_ends) = 0;

    select e.n::integer, e.at into v_next, v_now from unnest(v_ends) with ordinality as e (at, n) order by e.at limit 1;
    v_lane := lanes[v_run[v_next * 3 - 2]];
    v_w := v_run[v_next * 3 - 1];
    v_k := v_run[v_next * 3];
    v_slots[v_w] := v_slots[v_w] + v_k;
    v_cpu[v_w] := v_cpu[v_w] + v_k * v_lane.cpu_units;
    v_memory[v_w] := v_memory[v_w] + v_k * v_lane.memory_mb;
    v_ends := v_ends[:v_next - 1] || v_ends[v_next + 1:];
    v_run := v_run[:v_next * 3 - 3] || v_run[v_next * 3 + 1:];
  end loop;
  v_now := greatest(v_now, (select max(e.at) from unnest(v_ends) as e (at))); -- of those that still ran at the last step
  v_k := case when v_done > 0 and v_done < v_all then 1 else 0 end;
  return row(v_now * case v_k when 1 then v_all / v_done else 1 end, v_cpu_seconds * case v_k when 1 then v_all / v_done else 1 end, v_k = 1)::taskq_private.simulation;
end;
$$;
comment on function taskq_private.simulate_lanes(taskq_private.workers[], taskq_private.simulated_lane[], integer) is 'Runs a backlog on workers in the mind.';
--! EndIncluded 8_read/simulate_lanes.sql
--! Included 8_read/simulate.sql
-- A greedy schedule of the ready backlog, lane by lane in the order of priority: every worker takes what fits, time goes on to the
-- next end, and so on. Durations are those of the lane's recent jobs (lane_seconds). What would take more than max_steps ends is
-- scaled up from what was done till then. Pools, keys, dependencies and jobs still to come are left out.
-- Raises: TQ404.
create or replace function taskq.simulate(
  worker_id uuid default null, cpu_units numeric default null, memory_mb integer default null, extra_workers integer default 0,
  max_steps integer default 10000
)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_workers taskq_private.workers[] := taskq_private.simulated_workers(worker_id, cpu_units, memory_mb, extra_workers);
  v_lanes taskq_private.simulated_lane[] := taskq_private.simulated_lanes(v_workers);
  v_state taskq_private.simulation := taskq_private.simulate_lanes(v_workers, v_lanes, max_steps);
begin
  return jsonb_build_object(
    'jobs', (select coalesce(sum(l.jobs), 0) from unnest(v_lanes) as l),
    'never', (select coalesce(sum(l.jobs), 0) from unnest(v_lanes) as l where not l.fits),
    'ends_in_seconds', round(v_state.seconds::numeric, 3),
    'ends_at', taskq_private.clock() + v_state.seconds * interval '1 second',
    'cpu_utilisation', case when v_state.seconds > 0 then
      round((v_state.cpu_seconds / nullif(v_state.seconds * (select sum(w.cpu_units) from unnest(v_workers) as w)::double precision, 0))::numeric, 3) end,
    'is_scaled', v_state.is_scaled,
    'workers', cardinality(v_workers)
  );
end;
$$;
comment on function taskq.simulate(uuid, numeric, integer, integer, integer) is
  'When the ready backlog would end if things went on as recorded, and what if a worker had other cpu_units or memory_mb, or there were extra_workers like it: {"jobs", "never" (fit no worker), "ends_in_seconds", "ends_at", "cpu_utilisation"}. Changes nothing. Example: select taskq.simulate(:''worker'', cpu_units => 32).';
--! EndIncluded 8_read/simulate.sql
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
--! Included 8_read/check_invariants.sql
-- What must hold whenever no transaction is under way. Tests and the fault suite call it; it reads everything.
create or replace function taskq_private.check_invariants()
returns setof text
language sql
stable
as $$
  select format('job %s is in %s places: %s', p.job_id, count(*), array_agg(p.status)) from taskq_private.places as p group by p.job_id having count(*) > 1
  union all
  select format('job %s is nowhere', s.job_id)
  from taskq_private.job_specs as s where not exists (select from taskq_private.places as p where p.job_id = s.job_id)
  union all
  select format('job %s has a place and no spec', p.job_id)
  from (
    select f.job_id from taskq_private.finished_jobs as f
    union all select w.job_id from taskq_private.waiting_jobs as w
    union all select r.job_id from taskq_private.ready_jobs as r
    union all select u.job_id from taskq_private.claims as c cross join unnest(c.job_ids) as u (job_id)
  ) as p
  where not exists (select from taskq_private.job_specs as s where s.job_id = p.job_id)
  union all
  select format('job %s is in lane %s, its spec says %s', p.job_id, p.lane_id, s.lane_id)
  from taskq_private.places as p join taskq_private.job_specs as s on s.job_id = p.job_id where s.lane_id <> p.lane_id
  union all
  select format('job %s counts %s dependencies and has %s unsatisfied', w.job_id, w.remaining_dependencies, count(d.job_id))
  from taskq_private.waiting_jobs as w
  left join taskq_private.job_dependencies as d on d.job_id = w.job_id and not d.satisfied
  group by w.job_id, w.remaining_dependencies having w.remaining_dependencies <> count(d.job_id)
  union all
  select format('job %s is blocked and waits for nothing', w.job_id)
  from taskq_private.waiting_jobs as w
  where w.status = 'blocked' and w.remaining_dependencies = 0 and not exists (select from taskq_private.keyed_jobs as j where j.job_id = w.job_id)
  union all
  select format('job %s is %s with unsatisfied dependency %s', p.job_id, p.status, d.depends_on_id)
  from taskq_private.places as p join taskq_private.job_dependencies as d on d.job_id = p.job_id
  where not d.satisfied and p.status not in ('blocked', 'cancelled')
  union all
  select format('job %s waits for job %s, which is %s', d.job_id, d.depends_on_id, f.status)
  from taskq_private.waiting_jobs as w
  join taskq_private.job_specs as s on s.job_id = w.job_id
  join taskq_private.job_dependencies as d on d.job_id = w.job_id and not d.satisfied
  join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id
  where (taskq_private.satisfies(f.status, d.condition) or s.on_dependency_failure = 'cancel' or f.status = 'completed')
    and not exists (select from taskq_private.unsettled_jobs as u where u.job_id = d.depends_on_id)
  union all
  select format('workflow %s counts %s jobs that have not ended and has %s', w.workflow_id, w.unfinished_count, count(s.job_id))
  from taskq.workflows as w
  left join taskq_private.job_specs as s
    on s.workflow_id = w.workflow_id and not exists (select from taskq_private.finished_jobs as f where f.job_id = s.job_id)
  group by w.workflow_id, w.unfinished_count having w.unfinished_count <> count(s.job_id)
  union all
  select r.breach from taskq_private.check_resource_invariants() as r (breach)
  union all
  select format('worker %s has ended and holds claim %s', w.name, c.claim_id)
  from taskq_private.claims as c join taskq_private.workers as w on w.worker_id = c.worker_id where w.status in ('stopped', 'lost')
  union all
  select format('idempotency key %s names job %s, which is gone', k.idempotency_key, k.job_id)
  from taskq_private.idempotency_keys as k where not exists (select from taskq_private.job_specs as s where s.job_id = k.job_id)
  union all
  select format('job %s was asked to stop and is not running', r.job_id)
  from taskq_private.cancel_requests as r
  where not exists (select from taskq_private.claims as c where c.claim_id = r.claim_id and c.job_ids @> array[r.job_id])
  union all
  select format('job %s reports progress and is not running', g.job_id)
  from taskq_private.job_progress as g where not exists (select from taskq_private.claims as c where c.job_ids @> array[g.job_id]);
$$;
comment on function taskq_private.check_invariants() is 'Every breach of an invariant, as a sentence; none in a sound database.';
--! EndIncluded 8_read/check_invariants.sql
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
  taskq.get_job, taskq.list_jobs, taskq.count_jobs, taskq.explain_job, taskq.parent_results,
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

reset role;
