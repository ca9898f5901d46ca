--! Previous: -
--! Hash: sha1:2b31efa1135b714105aa0a5d66ce4ca3b671fd9c

--! split: 1-roles.sql
-- Roles are shared by all databases of a cluster, so they may be there already.
do $roles$
declare
  v_role text;
begin
  foreach v_role in array array['taskq_owner', 'taskq_reader', 'taskq_client', 'taskq_worker', 'taskq_operator', 'taskq_admin'] loop
    begin
      execute format('create role %I nologin', v_role);
    exception
      when duplicate_object or unique_violation then null;
      when insufficient_privilege then
        raise exception 'Role % is missing and % may not create it.', v_role, current_user
          using errcode = 'insufficient_privilege',
            hint = 'Migrate once as a superuser or as a role with CREATEROLE.';
    end;
  end loop;
  if not pg_has_role(current_user, 'taskq_owner', 'member') then
    execute format('grant taskq_owner, taskq_reader, taskq_client, taskq_worker, taskq_operator, taskq_admin to %I', current_user);
  end if;
  execute format('grant create on database %I to taskq_owner', current_database());
end;
$roles$;

do $members$
begin
  grant taskq_reader to taskq_client;
  grant taskq_client to taskq_operator;
  grant taskq_operator, taskq_worker to taskq_admin;
exception
  when insufficient_privilege then null; -- another database's migration, run by another role, has granted them
end;
$members$;

--! split: 2-schemas.sql
-- Everything belongs to taskq_owner, which nobody logs in as. `set local role` ends with the migration.
set local role taskq_owner;

create schema taskq;
create schema taskq_private;
comment on schema taskq is 'The task queue''s public contract: views and functions. Everything an API can do is here.';
comment on schema taskq_private is 'The task queue''s tables and helpers. Nobody but taskq_owner may use them.';

alter default privileges for role taskq_owner revoke execute on functions from public;
alter default privileges for role taskq_owner revoke usage on types from public;

create type taskq.job_status as enum
  ('pending', 'blocked', 'ready', 'running', 'retrying', 'completed', 'failed', 'cancelled');
comment on type taskq.job_status is
  'Where a job is: pending (run_at is in the future), blocked (waits for other jobs), ready (waits for a worker), running, retrying (waits after a failed attempt), completed, failed (the dead letters), cancelled.';

create type taskq.attempt_outcome as enum
  ('completed', 'failed', 'timed_out', 'lost', 'cancelled', 'released');
comment on type taskq.attempt_outcome is
  'How one execution ended: completed, failed, timed_out, lost (its worker died), cancelled, released (given back unstarted; not charged).';

create type taskq.log_level as enum ('debug', 'info', 'warn', 'error');
comment on type taskq.log_level is 'The weight of a line in a job''s log.';

create type taskq.worker_status as enum ('active', 'draining', 'stopped', 'lost');
comment on type taskq.worker_status is
  'A worker is active, draining (takes nothing new), stopped (said goodbye) or lost (its connection and its heartbeat ended).';

create type taskq.dependency_condition as enum ('success', 'failure', 'finished');
comment on type taskq.dependency_condition is 'What a job asks of a job it depends on: that it completed, that it failed, or that it ended at all.';

create type taskq.dependency_failure_policy as enum ('cancel', 'hold');
comment on type taskq.dependency_failure_policy is
  'What becomes of a job whose dependency can never be satisfied: it is cancelled, or held blocked until the dependency is replayed.';

create type taskq_private.submission as (
  ordinal integer,
  error jsonb,
  job_id uuid,
  repeated boolean,
  lane_id integer,
  type text,
  queue text,
  priority smallint,
  cpu_units numeric,
  memory_mb integer,
  payload jsonb,
  max_attempts smallint,
  timeout_seconds integer,
  initial_delay_seconds real,
  backoff_multiplier real,
  max_delay_seconds real,
  jitter real,
  run_at timestamptz,
  created_by text,
  name text,
  idempotency_key text,
  request_hash bytea,
  metadata jsonb,
  trace_context text,
  depends_on uuid[],
  remaining_dependencies integer,
  doomed_by uuid
);
comment on type taskq_private.submission is 'A job on its way in: what was asked, what was found out about it, or its error.';

create type taskq_private.ended_attempt as (
  job_id uuid,
  lane_id integer,
  attempt smallint,
  claim_id bigint,
  worker_id uuid,
  started_at timestamptz,
  outcome taskq.attempt_outcome,
  result jsonb,
  error jsonb,
  fatal boolean,
  retry_after_seconds double precision
);
comment on type taskq_private.ended_attempt is 'An attempt that has left its claim, and how it went.';

--! split: 3-tables.sql
-- The life of a job, table by table: what was asked, then its four places, then its history.

create table taskq_private.settings (
  only_row boolean constraint pk_settings primary key default true,
  default_max_attempts smallint not null default 3,
  default_timeout_seconds integer not null default 300,
  job_ttl_seconds integer not null default 86400,
  event_ttl_seconds integer not null default 14400,
  worker_lost_seconds integer not null default 30,
  constraint check_settings_only_row check (only_row),
  constraint check_settings_default_max_attempts check (default_max_attempts between 1 and 1000),
  constraint check_settings_default_timeout_seconds check (default_timeout_seconds between 1 and 2592000),
  constraint check_settings_job_ttl_seconds check (job_ttl_seconds >= 1),
  constraint check_settings_event_ttl_seconds check (event_ttl_seconds >= 60),
  constraint check_settings_worker_lost_seconds check (worker_lost_seconds between 3 and 3600)
);
insert into taskq_private.settings default values;
comment on table taskq_private.settings is 'One row: what jobs get that do not say, and how long things are kept. Change it with taskq.configure().';
comment on column taskq_private.settings.only_row is 'Holds the table to one row.';
comment on column taskq_private.settings.default_max_attempts is 'Attempts of a job whose request and type name none.';
comment on column taskq_private.settings.default_timeout_seconds is 'Timeout of a job whose request and type name none.';
comment on column taskq_private.settings.job_ttl_seconds is 'How long a finished job is kept.';
comment on column taskq_private.settings.event_ttl_seconds is 'How far back a stream can resume.';
comment on column taskq_private.settings.worker_lost_seconds is 'A worker without a heartbeat for this long is lost.';

create table taskq_private.request_fields (
  field text constraint pk_request_fields primary key,
  json_type text not null,
  minimum numeric,
  maximum numeric,
  whole boolean not null default false,
  pattern text,
  description text not null,
  constraint check_request_fields_json_type check (json_type in ('string', 'number', 'object', 'array', 'priority', 'any'))
);
comment on table taskq_private.request_fields is 'The fields that a submitted job may have, and what each accepts. The one list that submitting checks against.';
comment on column taskq_private.request_fields.field is 'Path of the field in the request, nested names joined by a dot.';
comment on column taskq_private.request_fields.json_type is 'JSON type it must have; "priority" is a level or a whole number 1 to 10.';
comment on column taskq_private.request_fields.minimum is 'Smallest number, shortest text or fewest elements.';
comment on column taskq_private.request_fields.maximum is 'Largest number, longest text or most elements.';
comment on column taskq_private.request_fields.whole is 'Whether a number must be whole.';
comment on column taskq_private.request_fields.pattern is 'Regular expression that a text must match.';
comment on column taskq_private.request_fields.description is 'What the field means, for the reader of an error.';
insert into taskq_private.request_fields (field, json_type, minimum, maximum, whole, pattern, description) values
  ('type', 'string', 1, 100, false, '^[A-Za-z0-9_.:-]+$', 'a registered job type'),
  ('payload', 'any', null, null, false, null, 'what the task is given, at most 1 MiB and 64 levels deep'),
  ('queue', 'string', 1, 100, false, '^[A-Za-z0-9_.:-]+$', 'a queue name of A-Z a-z 0-9 _ . : -'),
  ('priority', 'priority', 1, 10, true, null, 'critical, high, normal, low, or a whole number from 1 (first) to 10'),
  ('run_at', 'string', 1, 64, false, null, 'an ISO 8601 instant with a time zone'),
  ('timeout_seconds', 'number', 1, 2592000, true, null, 'whole seconds from 1 to 2592000'),
  ('idempotency_key', 'string', 1, 255, false, null, 'a text of 1 to 255 characters'),
  ('depends_on', 'array', 0, 10000, false, null, 'a list of at most 10000 job ids'),
  ('on_dependency_failure', 'string', 1, 10, false, '^cancel$', 'cancel'),
  ('metadata', 'object', null, null, false, null, 'an object of at most 16 KiB to find the job by'),
  ('name', 'string', 1, 200, false, null, 'a text of 1 to 200 characters'),
  ('created_by', 'string', 1, 200, false, null, 'a text of 1 to 200 characters'),
  ('trace_context', 'string', 1, 512, false, null, 'a W3C traceparent'),
  ('resource_requirements', 'object', null, null, false, null, 'an object with cpu_units and memory_mb'),
  ('resource_requirements.cpu_units', 'number', 0, 100000, false, null, 'a number from 0 to 100000, three decimals at most'),
  ('resource_requirements.memory_mb', 'number', 0, 1000000000, true, null, 'whole megabytes from 0 to 1000000000'),
  ('retry_config', 'object', null, null, false, null, 'an object with max_attempts, initial_delay_seconds, backoff_multiplier, max_delay_seconds, jitter'),
  ('retry_config.max_attempts', 'number', 1, 1000, true, null, 'a whole number from 1 to 1000'),
  ('retry_config.initial_delay_seconds', 'number', 0, 86400, false, null, 'seconds from 0 to 86400'),
  ('retry_config.backoff_multiplier', 'number', 1, 100, false, null, 'a number from 1 to 100'),
  ('retry_config.max_delay_seconds', 'number', 0, 2592000, false, null, 'seconds from 0 to 2592000'),
  ('retry_config.jitter', 'number', 0, 1, false, null, 'a number from 0 (none) to 1');

create table taskq_private.task_types (
  type text constraint pk_task_types primary key,
  description text not null default '',
  payload_schema jsonb not null default '{}',
  cpu_units numeric(9, 3) not null default 0,
  memory_mb integer not null default 0,
  timeout_seconds integer,
  max_attempts smallint,
  initial_delay_seconds real not null default 1,
  backoff_multiplier real not null default 2,
  max_delay_seconds real not null default 3600,
  jitter real not null default 0.1,
  registered_at timestamptz not null,
  constraint check_task_types_type check (type ~ '^[A-Za-z0-9_.:-]{1,100}$'),
  constraint check_task_types_payload_schema check (jsonb_typeof(payload_schema) = 'object'),
  constraint check_task_types_cpu_units check (cpu_units >= 0),
  constraint check_task_types_memory_mb check (memory_mb >= 0),
  constraint check_task_types_timeout_seconds check (timeout_seconds between 1 and 2592000),
  constraint check_task_types_max_attempts check (max_attempts between 1 and 1000),
  constraint check_task_types_initial_delay_seconds check (initial_delay_seconds between 0 and 86400),
  constraint check_task_types_backoff_multiplier check (backoff_multiplier between 1 and 100),
  constraint check_task_types_max_delay_seconds check (max_delay_seconds between 0 and 2592000),
  constraint check_task_types_jitter check (jitter between 0 and 1)
);
comment on table taskq_private.task_types is 'The job types that may be submitted, and what their jobs get that do not say.';
comment on column taskq_private.task_types.type is 'The name that jobs give.';
comment on column taskq_private.task_types.description is 'One sentence for the submitter.';
comment on column taskq_private.task_types.payload_schema is 'JSON Schema that payloads are checked against.';
comment on column taskq_private.task_types.cpu_units is 'Cpu a job of this type takes unless it says otherwise.';
comment on column taskq_private.task_types.memory_mb is 'Memory a job of this type takes unless it says otherwise.';
comment on column taskq_private.task_types.timeout_seconds is 'Timeout of its jobs; null takes the setting.';
comment on column taskq_private.task_types.max_attempts is 'Attempts of its jobs; null takes the setting.';
comment on column taskq_private.task_types.initial_delay_seconds is 'Wait before the second attempt.';
comment on column taskq_private.task_types.backoff_multiplier is 'Each further wait is this many times the one before.';
comment on column taskq_private.task_types.max_delay_seconds is 'No wait is longer than this.';
comment on column taskq_private.task_types.jitter is 'Share of the wait added at random.';
comment on column taskq_private.task_types.registered_at is 'When a worker last registered it.';

create table taskq_private.queues (
  queue text constraint pk_queues primary key,
  paused_at timestamptz,
  paused_by text,
  aging_seconds integer,
  created_at timestamptz not null,
  constraint check_queues_aging_seconds check (aging_seconds between 1 and 31536000)
);
comment on table taskq_private.queues is 'The queues; one is made when a job first names it.';
comment on column taskq_private.queues.queue is 'Its name.';
comment on column taskq_private.queues.paused_at is 'Since when nothing is claimed from it; null while it runs.';
comment on column taskq_private.queues.paused_by is 'Who paused it.';
comment on column taskq_private.queues.aging_seconds is 'Waiting this long weighs as much as one level of priority; null for strict priority.';
comment on column taskq_private.queues.created_at is 'When it was first named.';

create table taskq_private.lanes (
  lane_id integer generated always as identity constraint pk_lanes primary key,
  queue text not null constraint fk_lanes_queue references taskq_private.queues,
  type text not null constraint fk_lanes_type references taskq_private.task_types,
  priority smallint not null,
  cpu_units numeric(9, 3) not null,
  memory_mb integer not null,
  resources jsonb not null default '{}',
  constraint unique_lanes_shape unique (queue, type, priority, cpu_units, memory_mb, resources),
  constraint check_lanes_priority check (priority between 1 and 10),
  constraint check_lanes_cpu_units check (cpu_units >= 0),
  constraint check_lanes_memory_mb check (memory_mb >= 0)
);
create index index_lanes_type on taskq_private.lanes (type);
comment on table taskq_private.lanes is
  'The distinct shapes of jobs. Jobs of a lane are alike to the scheduler, so it weighs lanes and takes rows from their heads.';
comment on column taskq_private.lanes.lane_id is 'Small id that rows of jobs carry.';
comment on column taskq_private.lanes.queue is 'The queue.';
comment on column taskq_private.lanes.type is 'The job type.';
comment on column taskq_private.lanes.priority is '1 (first) to 10: critical 1, high 2, normal 3, low 4.';
comment on column taskq_private.lanes.cpu_units is 'Cpu that a job takes from its worker while it runs.';
comment on column taskq_private.lanes.memory_mb is 'Memory that a job takes from its worker while it runs.';
comment on column taskq_private.lanes.resources is 'Further resources it takes, name to amount.';

create table taskq_private.job_specs (
  job_id uuid constraint pk_job_specs primary key,
  lane_id integer not null,
  payload jsonb not null,
  max_attempts smallint not null,
  timeout_seconds integer not null,
  initial_delay_seconds real not null,
  backoff_multiplier real not null,
  max_delay_seconds real not null,
  jitter real not null,
  on_dependency_failure taskq.dependency_failure_policy not null default 'cancel',
  expected_seconds real,
  created_at timestamptz not null,
  run_at timestamptz,
  created_by text not null,
  name text,
  workflow_id uuid,
  concurrency_key text,
  idempotency_key text,
  metadata jsonb,
  trace_context text
) with (autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.02);
create index index_job_specs_metadata on taskq_private.job_specs using gin (metadata jsonb_path_ops) where metadata is not null;
create index index_job_specs_run_at on taskq_private.job_specs (run_at) where run_at is not null;
comment on table taskq_private.job_specs is 'What was asked: written once at submit, never changed.';
comment on column taskq_private.job_specs.job_id is 'Uuid v7 made from created_at, so ids sort by time.';
comment on column taskq_private.job_specs.lane_id is 'Its queue, type, priority and resources.';
comment on column taskq_private.job_specs.payload is 'What the task is given.';
comment on column taskq_private.job_specs.max_attempts is 'How often it may be tried.';
comment on column taskq_private.job_specs.timeout_seconds is 'How long one attempt may take.';
comment on column taskq_private.job_specs.initial_delay_seconds is 'Wait before the second attempt.';
comment on column taskq_private.job_specs.backoff_multiplier is 'Each further wait is this many times the one before.';
comment on column taskq_private.job_specs.max_delay_seconds is 'No wait is longer than this.';
comment on column taskq_private.job_specs.jitter is 'Share of the wait added at random.';
comment on column taskq_private.job_specs.on_dependency_failure is 'What becomes of it when a dependency can never be satisfied.';
comment on column taskq_private.job_specs.expected_seconds is 'How long the submitter expects it to run.';
comment on column taskq_private.job_specs.created_at is 'When it was submitted.';
comment on column taskq_private.job_specs.run_at is 'Not to be started before.';
comment on column taskq_private.job_specs.created_by is 'Who submitted it.';
comment on column taskq_private.job_specs.name is 'A name for people, and for siblings in a workflow.';
comment on column taskq_private.job_specs.workflow_id is 'The workflow it belongs to.';
comment on column taskq_private.job_specs.concurrency_key is 'Jobs with one key share a limit.';
comment on column taskq_private.job_specs.idempotency_key is 'The key under which a second submit finds this job.';
comment on column taskq_private.job_specs.metadata is 'Free labels to find the job by.';
comment on column taskq_private.job_specs.trace_context is 'W3C traceparent of the submitter.';

create table taskq_private.idempotency_keys (
  idempotency_key text constraint pk_idempotency_keys primary key,
  job_id uuid not null,
  request_hash bytea not null
);
comment on table taskq_private.idempotency_keys is 'One key, one job. Kept as long as the job.';
comment on column taskq_private.idempotency_keys.idempotency_key is 'The submitter''s key.';
comment on column taskq_private.idempotency_keys.job_id is 'The job that the first submit made.';
comment on column taskq_private.idempotency_keys.request_hash is 'SHA-256 of the request, to tell a repeat from another request under the same key.';

create table taskq_private.job_dependencies (
  job_id uuid not null,
  depends_on_id uuid not null,
  condition taskq.dependency_condition not null default 'success',
  satisfied boolean not null default false,
  constraint pk_job_dependencies primary key (job_id, depends_on_id),
  constraint check_job_dependencies_not_itself check (job_id <> depends_on_id)
);
create index index_job_dependencies_depends_on_id on taskq_private.job_dependencies (depends_on_id);
comment on table taskq_private.job_dependencies is 'Edges: job_id waits for depends_on_id.';
comment on column taskq_private.job_dependencies.job_id is 'The job that waits.';
comment on column taskq_private.job_dependencies.depends_on_id is 'The job that it waits for.';
comment on column taskq_private.job_dependencies.condition is 'What it asks of it.';
comment on column taskq_private.job_dependencies.satisfied is 'Whether it has got that.';

create table taskq_private.waiting_jobs (
  job_id uuid constraint pk_waiting_jobs primary key,
  lane_id integer not null,
  status taskq.job_status not null,
  due_at timestamptz,
  remaining_dependencies integer not null default 0,
  attempt smallint not null default 1,
  constraint check_waiting_jobs_status check (status in ('pending', 'blocked', 'retrying')),
  constraint check_waiting_jobs_due_at check (status = 'blocked' or due_at is not null),
  constraint check_waiting_jobs_remaining_dependencies check (remaining_dependencies >= 0)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
create index index_waiting_jobs_due_at on taskq_private.waiting_jobs (due_at) where status <> 'blocked';
create index index_waiting_jobs_lane on taskq_private.waiting_jobs (lane_id, status, job_id);
comment on table taskq_private.waiting_jobs is 'Place 1: jobs that wait for a time (pending, retrying) or for other jobs (blocked).';
comment on column taskq_private.waiting_jobs.job_id is 'The job.';
comment on column taskq_private.waiting_jobs.lane_id is 'Its lane.';
comment on column taskq_private.waiting_jobs.status is 'pending, blocked or retrying.';
comment on column taskq_private.waiting_jobs.due_at is 'When it becomes ready; of a blocked job, its run_at if it has one.';
comment on column taskq_private.waiting_jobs.remaining_dependencies is 'How many of its edges are not satisfied.';
comment on column taskq_private.waiting_jobs.attempt is 'The attempt that it waits for.';

create table taskq_private.ready_jobs (
  lane_id integer not null,
  job_id uuid not null,
  ready_at timestamptz not null,
  attempt smallint not null,
  constraint pk_ready_jobs primary key (lane_id, job_id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.2);
create index index_ready_jobs_head on taskq_private.ready_jobs (lane_id, ready_at, job_id);
comment on table taskq_private.ready_jobs is 'Place 2: jobs that a worker may take now. Rows are inserted and deleted, never updated.';
comment on column taskq_private.ready_jobs.lane_id is 'Its lane.';
comment on column taskq_private.ready_jobs.job_id is 'The job.';
comment on column taskq_private.ready_jobs.ready_at is 'Since when; first come, first served within a lane.';
comment on column taskq_private.ready_jobs.attempt is 'The attempt that comes.';

create table taskq_private.workers (
  worker_id uuid constraint pk_workers primary key,
  worker_number integer generated always as identity,
  name text not null,
  status taskq.worker_status not null default 'active',
  types text[] not null,
  queues text[],
  cpu_units numeric(9, 3) not null,
  memory_mb integer not null,
  resources jsonb not null default '{}',
  concurrency integer not null,
  load jsonb,
  started_at timestamptz not null,
  heartbeat_at timestamptz not null,
  holds_session boolean not null default false,
  absent_since timestamptz,
  ended_at timestamptz,
  constraint unique_workers_worker_number unique (worker_number),
  constraint check_workers_cpu_units check (cpu_units >= 0),
  constraint check_workers_memory_mb check (memory_mb >= 0),
  constraint check_workers_concurrency check (concurrency between 1 and 100000)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
comment on table taskq_private.workers is 'The processes that run jobs, with what each can carry.';
comment on column taskq_private.workers.worker_id is 'Made anew at each registration.';
comment on column taskq_private.workers.worker_number is 'Key of the advisory lock that its session holds while it lives.';
comment on column taskq_private.workers.name is 'Host and process, for people.';
comment on column taskq_private.workers.status is 'active, draining, stopped or lost.';
comment on column taskq_private.workers.types is 'The job types that it can run.';
comment on column taskq_private.workers.queues is 'The queues that it serves; null for all.';
comment on column taskq_private.workers.cpu_units is 'Cpu that its jobs may take together.';
comment on column taskq_private.workers.memory_mb is 'Memory that its jobs may take together.';
comment on column taskq_private.workers.resources is 'Further resources that it declares, name to amount.';
comment on column taskq_private.workers.concurrency is 'Jobs that it runs at a time.';
comment on column taskq_private.workers.load is 'What its machine really uses, as of the last heartbeat.';
comment on column taskq_private.workers.started_at is 'When it registered.';
comment on column taskq_private.workers.heartbeat_at is 'When it was last heard of.';
comment on column taskq_private.workers.holds_session is 'Whether a session of its own holds its advisory lock, so that its death shows at once.';
comment on column taskq_private.workers.absent_since is 'When that lock was first seen free.';
comment on column taskq_private.workers.ended_at is 'When it stopped or was declared lost.';

create sequence taskq_private.claim_ids as bigint;
create table taskq_private.claims (
  claim_id bigint constraint pk_claims primary key default nextval('taskq_private.claim_ids'),
  worker_id uuid not null constraint fk_claims_worker_id references taskq_private.workers,
  claimed_at timestamptz not null,
  expires_at timestamptz not null,
  job_ids uuid[] not null,
  lane_ids integer[] not null,
  attempts smallint[] not null,
  constraint check_claims_arrays check (
    cardinality(job_ids) > 0
    and cardinality(job_ids) = cardinality(lane_ids)
    and cardinality(job_ids) = cardinality(attempts)
  )
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
create index index_claims_worker_id on taskq_private.claims (worker_id);
alter table taskq_private.claims alter column job_ids set storage external;
alter table taskq_private.claims alter column lane_ids set storage external;
alter table taskq_private.claims alter column attempts set storage external;
alter sequence taskq_private.claim_ids owned by taskq_private.claims.claim_id;
comment on table taskq_private.claims is
  'Place 3: one row a claim call, with the jobs of that call that still run. A job runs while it is in a claim; who holds the claim_id may write about it.';
comment on column taskq_private.claims.claim_id is 'Never returns; every later write about these jobs names it.';
comment on column taskq_private.claims.worker_id is 'Who runs them.';
comment on column taskq_private.claims.claimed_at is 'When they were taken.';
comment on column taskq_private.claims.expires_at is 'When the first of them will have outrun its timeout and the grace after it.';
comment on column taskq_private.claims.job_ids is 'The jobs that still run.';
comment on column taskq_private.claims.lane_ids is 'Their lanes, in the same order.';
comment on column taskq_private.claims.attempts is 'Their attempts, in the same order.';

create table taskq_private.finished_jobs (
  job_id uuid constraint pk_finished_jobs primary key,
  lane_id integer not null,
  status taskq.job_status not null,
  attempt smallint not null,
  outcome taskq.attempt_outcome not null,
  finished_at timestamptz not null,
  started_at timestamptz,
  claim_id bigint,
  worker_id uuid,
  reason text,
  result jsonb,
  error jsonb,
  constraint check_finished_jobs_status check (status in ('completed', 'failed', 'cancelled'))
) with (autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.02);
create index index_finished_jobs_lane on taskq_private.finished_jobs (lane_id, status, job_id);
create index index_finished_jobs_failed on taskq_private.finished_jobs (job_id) where status = 'failed';
create index index_finished_jobs_finished_at on taskq_private.finished_jobs (finished_at);
comment on table taskq_private.finished_jobs is 'Place 4: how each job ended, with its last attempt.';
comment on column taskq_private.finished_jobs.job_id is 'The job.';
comment on column taskq_private.finished_jobs.lane_id is 'Its lane.';
comment on column taskq_private.finished_jobs.status is 'completed, failed or cancelled.';
comment on column taskq_private.finished_jobs.attempt is 'The number of its last attempt.';
comment on column taskq_private.finished_jobs.outcome is 'How that attempt ended.';
comment on column taskq_private.finished_jobs.finished_at is 'When it ended.';
comment on column taskq_private.finished_jobs.started_at is 'When the last attempt started; null if it never ran.';
comment on column taskq_private.finished_jobs.claim_id is 'The claim of the last attempt; null if it never ran.';
comment on column taskq_private.finished_jobs.worker_id is 'Who ran the last attempt.';
comment on column taskq_private.finished_jobs.reason is 'Why it failed (attempts_exhausted, fatal, crashed) or was cancelled (requested, dependency).';
comment on column taskq_private.finished_jobs.result is 'What the task returned.';
comment on column taskq_private.finished_jobs.error is 'The last error: name, message, stack.';

create table taskq_private.job_attempts (
  job_id uuid not null,
  claim_id bigint not null,
  attempt smallint not null,
  worker_id uuid not null,
  started_at timestamptz not null,
  ended_at timestamptz not null,
  outcome taskq.attempt_outcome not null,
  ended_a_life boolean not null default false,
  error jsonb,
  constraint pk_job_attempts primary key (job_id, claim_id)
);
comment on table taskq_private.job_attempts is 'The attempts before the last; the last one is in finished_jobs.';
comment on column taskq_private.job_attempts.job_id is 'The job.';
comment on column taskq_private.job_attempts.claim_id is 'The claim under which it ran.';
comment on column taskq_private.job_attempts.attempt is 'Its number; a lost or released attempt is not charged, so a number can come again.';
comment on column taskq_private.job_attempts.worker_id is 'Who ran it.';
comment on column taskq_private.job_attempts.started_at is 'When it started.';
comment on column taskq_private.job_attempts.ended_at is 'When it ended.';
comment on column taskq_private.job_attempts.outcome is 'How it ended.';
comment on column taskq_private.job_attempts.ended_a_life is 'Whether it was the last one before the job was replayed.';
comment on column taskq_private.job_attempts.error is 'Its error.';

create table taskq_private.job_logs (
  job_id uuid not null,
  log_id bigint generated always as identity,
  claim_id bigint not null,
  attempt smallint not null,
  at timestamptz not null,
  level taskq.log_level not null,
  message text not null,
  data jsonb,
  constraint pk_job_logs primary key (job_id, log_id)
);
comment on table taskq_private.job_logs is 'What handlers wrote with job.log.';
comment on column taskq_private.job_logs.job_id is 'The job.';
comment on column taskq_private.job_logs.log_id is 'Order of the lines.';
comment on column taskq_private.job_logs.claim_id is 'The claim under which it was written.';
comment on column taskq_private.job_logs.attempt is 'The attempt.';
comment on column taskq_private.job_logs.at is 'When, by the database''s clock.';
comment on column taskq_private.job_logs.level is 'debug, info, warn or error.';
comment on column taskq_private.job_logs.message is 'The line.';
comment on column taskq_private.job_logs.data is 'Any JSON beside it.';

create table taskq_private.job_progress (
  job_id uuid constraint pk_job_progress primary key,
  percent real not null,
  data jsonb,
  at timestamptz not null,
  constraint check_job_progress_percent check (percent between 0 and 100)
) with (fillfactor = 50);
comment on table taskq_private.job_progress is 'How far running jobs say they are.';
comment on column taskq_private.job_progress.job_id is 'The job.';
comment on column taskq_private.job_progress.percent is '0 to 100.';
comment on column taskq_private.job_progress.data is 'Any JSON beside it.';
comment on column taskq_private.job_progress.at is 'When it said so.';

create table taskq_private.cancel_requests (
  job_id uuid constraint pk_cancel_requests primary key,
  claim_id bigint not null,
  requested_at timestamptz not null,
  requested_by text not null,
  reason text
);
comment on table taskq_private.cancel_requests is 'Running jobs that were asked to stop.';
comment on column taskq_private.cancel_requests.job_id is 'The job.';
comment on column taskq_private.cancel_requests.claim_id is 'The claim under which it runs.';
comment on column taskq_private.cancel_requests.requested_at is 'When.';
comment on column taskq_private.cancel_requests.requested_by is 'By whom.';
comment on column taskq_private.cancel_requests.reason is 'Why, in their words.';

create table taskq_private.job_events (
  event_id bigint generated always as identity constraint pk_job_events primary key,
  at timestamptz not null,
  event text not null,
  job_ids uuid[] not null,
  lane_ids integer[] not null,
  attempts smallint[],
  data jsonb,
  queue text,
  xid xid8 not null default pg_current_xact_id(),
  horizon xid8 not null default pg_snapshot_xmin(pg_current_snapshot())
);
comment on table taskq_private.job_events is 'The stream''s source: one row a transition batch, kept for hours.';
comment on column taskq_private.job_events.event_id is 'Position in the stream; numbers may become visible out of order.';
comment on column taskq_private.job_events.at is 'When.';
comment on column taskq_private.job_events.event is 'What happened, such as job_started.';
comment on column taskq_private.job_events.job_ids is 'To which jobs; empty for an event of a queue.';
comment on column taskq_private.job_events.lane_ids is 'Their lanes, in the same order.';
comment on column taskq_private.job_events.attempts is 'Their attempts, in the same order.';
comment on column taskq_private.job_events.data is 'List of JSON, one for each job in the same order, or null.';
comment on column taskq_private.job_events.queue is 'The queue, of an event of a queue.';
comment on column taskq_private.job_events.xid is 'The transaction that wrote it.';
comment on column taskq_private.job_events.horizon is 'The oldest transaction then under way: what a reader of this event may have missed is not older.';

create table taskq_private.api_keys (
  key_id text constraint pk_api_keys primary key,
  secret_hash bytea not null,
  name text not null,
  role text not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  constraint check_api_keys_role check (role in ('taskq_reader', 'taskq_client', 'taskq_worker', 'taskq_operator', 'taskq_admin'))
);
comment on table taskq_private.api_keys is 'Keys for the network doors. Only a hash of the secret is kept.';
comment on column taskq_private.api_keys.key_id is 'The public half.';
comment on column taskq_private.api_keys.secret_hash is 'SHA-256 of the secret half.';
comment on column taskq_private.api_keys.name is 'Whose it is.';
comment on column taskq_private.api_keys.role is 'What it may do.';
comment on column taskq_private.api_keys.created_at is 'When it was made.';
comment on column taskq_private.api_keys.expires_at is 'When it ends; null for never.';
comment on column taskq_private.api_keys.revoked_at is 'When it was revoked.';
comment on column taskq_private.api_keys.last_used_at is 'When it was last used, to the minute.';

create table taskq_private.audit_log (
  audit_id bigint generated always as identity constraint pk_audit_log primary key,
  at timestamptz not null,
  actor text not null,
  action text not null,
  target text not null,
  details jsonb
);
comment on table taskq_private.audit_log is 'What operators did, written in the same transaction as the act.';
comment on column taskq_private.audit_log.audit_id is 'Order.';
comment on column taskq_private.audit_log.at is 'When.';
comment on column taskq_private.audit_log.actor is 'Who: the login role, and the door''s own name for the caller.';
comment on column taskq_private.audit_log.action is 'The function''s name.';
comment on column taskq_private.audit_log.target is 'What it was done to.';
comment on column taskq_private.audit_log.details is 'What else it was given.';

--! split: 4-functions.sql
--! Included index.sql
-- The path of a job, in reading order. PL/pgSQL binds names late, so this is also the order in which it is loaded;
-- what is written in plain SQL comes after what it calls.

--  0  what the rest stands on
--  clock: the one source of time
--! Included 0_base/clock.sql
-- The one source of time. Tests replace this function to move it.
create or replace function taskq_private.clock()
returns timestamptz
language sql
volatile
parallel safe
as $$
  select clock_timestamp();
$$;
comment on function taskq_private.clock() is 'The current instant, by the database''s clock.';
--! EndIncluded 0_base/clock.sql
--  actor: who is calling
--! Included 0_base/actor.sql
create or replace function taskq_private.actor()
returns text
language sql
stable
as $$
  select session_user::text || coalesce('/' || nullif(current_setting('taskq.caller', true), ''), '');
$$;
comment on function taskq_private.actor() is 'Who is calling: the login role, and the name that a door has set for its caller.';
--! EndIncluded 0_base/actor.sql
--  job_id_at, job_id_floor: ids that sort by time
--! Included 0_base/micros_of.sql
create or replace function taskq_private.micros_of(instant timestamptz)
returns bigint
language sql
stable
parallel safe
as $$
  select round(date_part('epoch', instant) * 1000000)::bigint;
$$;
comment on function taskq_private.micros_of(timestamptz) is 'Microseconds since 1970.';
--! EndIncluded 0_base/micros_of.sql
--! Included 0_base/job_id_of.sql
-- A uuid v7: 48 bits of milliseconds, the version, 12 bits of the microseconds within, 62 random bits. The instant can be read
-- back, so a range of created_at is a range of ids. One expression, so that it is inlined where it is called.
create or replace function taskq_private.job_id_of(micros bigint)
returns uuid
language sql
volatile
parallel safe
as $$
  select encode(
    int8send(((micros / 1000) << 16) | 28672 | (micros % 1000 * 4)) || substring(uuid_send(gen_random_uuid()) from 9), 'hex'
  )::uuid;
$$;
comment on function taskq_private.job_id_of(bigint) is 'A new job id that sorts by this number of microseconds since 1970.';
--! EndIncluded 0_base/job_id_of.sql
--! Included 0_base/job_id_at.sql
create or replace function taskq_private.job_id_at(instant timestamptz, "position" integer default 0)
returns uuid
language sql
volatile
parallel safe
as $$
  select taskq_private.job_id_of(taskq_private.micros_of(instant) + "position");
$$;
comment on function taskq_private.job_id_at(timestamptz, integer) is
  'A new job id that sorts by this instant, and within a call by the position.';
--! EndIncluded 0_base/job_id_at.sql
--! Included 0_base/job_id_floor.sql
-- The smallest id that job_id_at() can make at this instant: turns a range of created_at into a range of ids. No id is
-- older than 1970 or younger than the year 9999.
create or replace function taskq_private.job_id_floor(instant timestamptz)
returns uuid
language sql
immutable
strict
parallel safe
as $$
  select (
    lpad(to_hex(micros / 1000), 12, '0') || '7' || lpad(to_hex(micros % 1000 * 4), 3, '0') || '8000000000000000'
  )::uuid
  from (select (least(greatest(extract(epoch from instant), 0), 253402300799) * 1000000)::bigint as micros) as t;
$$;
comment on function taskq_private.job_id_floor(timestamptz) is 'The smallest job id of this instant.';
--! EndIncluded 0_base/job_id_floor.sql
--  priority_of, to_instant: what submitters write, as values
--! Included 0_base/priority_of.sql
create or replace function taskq_private.priority_of(priority text)
returns smallint
language sql
immutable
parallel safe
as $$
  select case lower(priority)
    when 'critical' then 1
    when 'high' then 2
    when 'normal' then 3
    when 'low' then 4
    else case when priority ~ '^([1-9]|10)$' then priority::smallint end
  end;
$$;
comment on function taskq_private.priority_of(text) is 'The number of a priority given as a level or as 1 to 10; null for anything else.';
--! EndIncluded 0_base/priority_of.sql
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
  return value::timestamptz;
exception
  when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
    return null;
end;
$$;
comment on function taskq_private.to_instant(text) is 'The instant that an ISO 8601 text with a time zone names, or null.';
--! EndIncluded 0_base/to_instant.sql
--  invalid, raise_error: errors as values, so that batches can answer each job for itself
--! Included 0_base/invalid.sql
-- An error as a value: batches collect these, so that one bad job is answered alone.
create or replace function taskq_private.invalid(field text, message text, code text default 'TQ422', hint text default null)
returns jsonb
language sql
immutable
parallel safe
as $$
  select jsonb_strip_nulls(jsonb_build_object('code', code, 'field', field, 'message', message, 'hint', hint));
$$;
comment on function taskq_private.invalid(text, text, text, text) is 'An error about one field of a request, as a value.';
--! EndIncluded 0_base/invalid.sql
--! Included 0_base/raise_error.sql
-- Raises an error that was found as a value: {"code", "message", "field", "hint"}. The register is docs/errors.md.
create or replace function taskq_private.raise_error(error jsonb)
returns void
language plpgsql
immutable
as $$
begin
  raise exception using
    errcode = error ->> 'code',
    message = error ->> 'message',
    detail = coalesce(error ->> 'job_id', 'Field: ' || (error ->> 'field')),
    hint = coalesce(error ->> 'hint', 'Mend this field and submit again.'),
    column = error ->> 'field';
end;
$$;
comment on function taskq_private.raise_error(jsonb) is 'Raises an error given as {"code", "message", "field", "hint"}.';
--! EndIncluded 0_base/raise_error.sql
--  schema_error: is this payload what its type asks for?
--! Included 0_base/schema_bounds.sql
create or replace function taskq_private.schema_bounds(schema jsonb)
returns text
language sql
immutable
parallel safe
as $$
  select string_agg(e.key || ' ' || (e.value #>> '{}'), ', ' order by e.key)
  from jsonb_each(schema) as e
  where e.key in
    ('minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'minLength', 'maxLength', 'minItems', 'maxItems');
$$;
comment on function taskq_private.schema_bounds(jsonb) is 'The bounds that a JSON Schema sets, in words.';
--! EndIncluded 0_base/schema_bounds.sql
--! Included 0_base/schema_scalar_error.sql
-- The keywords that look at one value and not inside it. Sizes are asked only of values of their own type.
create or replace function taskq_private.schema_scalar_error(value jsonb, value_type text, schema jsonb, path text)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_expected jsonb := schema -> 'type';
  v_size numeric;
  v_name text := case value_type when 'string' then 'Length' when 'array' then 'Items' else 'imum' end;
begin
  if v_expected is not null
    and not (to_jsonb(value_type) <@ v_expected or (value_type = 'number' and v_expected @> '"integer"' and value::numeric % 1 = 0))
  then
    return taskq_private.invalid(path, format('%s must be %s, not %s', path, replace(v_expected::text, '"', ''), value_type));
  end if;
  if schema ? 'const' and value <> schema -> 'const' then
    return taskq_private.invalid(path, format('%s must be %s', path, schema -> 'const'));
  end if;
  if schema ? 'enum' and not exists (select from jsonb_array_elements(schema -> 'enum') as e (item) where e.item = value) then
    return taskq_private.invalid(path, format('%s must be one of %s', path, schema -> 'enum'));
  end if;
  if value_type not in ('string', 'number', 'array') then
    return null;
  end if;

  v_size := case value_type
    when 'number' then value::numeric
    when 'string' then length(value #>> '{}')
    else jsonb_array_length(value)
  end;
  if v_size < (schema ->> ('min' || v_name))::numeric or v_size > (schema ->> ('max' || v_name))::numeric
    or (value_type = 'number' and (v_size <= (schema ->> 'exclusiveMinimum')::numeric or v_size >= (schema ->> 'exclusiveMaximum')::numeric))
  then
    return taskq_private.invalid(path, format('%s is out of range: %s', path, taskq_private.schema_bounds(schema)));
  end if;
  if value_type = 'string' and (value #>> '{}') !~ (schema ->> 'pattern') then
    return taskq_private.invalid(path, format('%s must match %s', path, schema ->> 'pattern'));
  end if;
  return null;
end;
$$;
comment on function taskq_private.schema_scalar_error(jsonb, text, jsonb, text) is
  'The first keyword of a JSON Schema that a value itself breaks, as an error value.';
--! EndIncluded 0_base/schema_scalar_error.sql
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
    if schema -> 'properties' = '{}' and schema -> 'additionalProperties' in ('{}', 'true') then
      return null;
    end if;
    for v_key, v_item, v_schema in
      select e.key, e.value, s.schema
      from jsonb_each(value) as e
      cross join lateral (select coalesce(schema_error.schema -> 'properties' -> e.key, schema_error.schema -> 'additionalProperties')) as s (schema)
      where s.schema not in ('{}', 'true')
    loop
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
--  hint: wakes listeners; record_event: writes the stream; record_audit: writes down what operators do
--! Included 0_base/hint.sql
-- A NOTIFY holds a database-wide lock until its commit is flushed, so few sessions may do it at a time: whoever gets one
-- of four guards notifies, the others' work is found by the same wake-up, by the look after it, or by the next poll.
-- The payload says only that something changed. A full notification queue must not fail the transaction.
create or replace function taskq_private.hint(topic text)
returns void
language plpgsql
volatile
as $$
begin
  if pg_try_advisory_xact_lock(1952541555, hashtext(topic) # (pg_backend_pid() & 3))
    and pg_notification_queue_usage() < 0.5
  then
    perform pg_notify('taskq_' || topic, '');
  end if;
end;
$$;
comment on function taskq_private.hint(text) is 'Tells listeners of taskq_<topic> that there is something to look at.';
--! EndIncluded 0_base/hint.sql
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
    insert into taskq_private.job_events (at, event, job_ids, lane_ids, attempts, data)
    values (taskq_private.clock(), event, job_ids, lane_ids, attempts, data);
    perform taskq_private.hint('events');
  end if;
end;
$$;
comment on function taskq_private.record_event(text, uuid[], integer[], smallint[], jsonb) is
  'Writes what happened to these jobs into the stream.';
--! EndIncluded 0_base/record_event.sql
--! Included 0_base/record_audit.sql
-- The door may name its caller in taskq.caller (an API key's name); session_user is what the database itself knows.
create or replace function taskq_private.record_audit(action text, target text, details jsonb default null)
returns void
language sql
volatile
as $$
  insert into taskq_private.audit_log (at, actor, action, target, details)
  values (taskq_private.clock(), taskq_private.actor(), action, target, details);
$$;
comment on function taskq_private.record_audit(text, text, jsonb) is 'Writes down what an operator does, in the transaction that does it.';
--! EndIncluded 0_base/record_audit.sql

--  1  a job is submitted
--  register_task_types: which types there are
--! Included 1_submit/refuse_bad_patterns.sql
-- A pattern that PostgreSQL cannot read would fail every submit of its type, so it is refused when the type is registered.
create or replace function taskq_private.refuse_bad_patterns(tasks jsonb)
returns void
language plpgsql
immutable
as $$
declare
  v_task jsonb;
  v_pattern text;
begin
  for v_task, v_pattern in
    select t.value, p.value #>> '{}'
    from jsonb_array_elements(tasks) as t
    cross join lateral jsonb_path_query(t.value -> 'payload_schema', '$.**.pattern') as p (value)
    where jsonb_typeof(p.value) = 'string'
  loop
    perform '' ~ v_pattern;
  end loop;
exception
  when invalid_regular_expression then
    perform taskq_private.raise_error(taskq_private.invalid(
      'payload_schema', format('the payload schema of %s has a pattern that PostgreSQL cannot read: %s', v_task ->> 'type', v_pattern),
      'TQ422', 'Write it without \p{...} and named groups.'
    ));
end;
$$;
comment on function taskq_private.refuse_bad_patterns(jsonb) is 'Raises TQ422 for a task whose payload schema has a pattern that is no regular expression here.';
--! EndIncluded 1_submit/refuse_bad_patterns.sql
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
  return query
    insert into taskq_private.task_types as t (
      type, description, payload_schema, cpu_units, memory_mb, timeout_seconds, max_attempts,
      initial_delay_seconds, backoff_multiplier, max_delay_seconds, jitter, registered_at
    )
    select
      r.type, coalesce(r.description, ''), coalesce(r.payload_schema, '{}'), coalesce(r.cpu_units, 0), coalesce(r.memory_mb, 0),
      r.timeout_seconds, r.max_attempts, coalesce(r.initial_delay_seconds, 1), coalesce(r.backoff_multiplier, 2),
      coalesce(r.max_delay_seconds, 3600), coalesce(r.jitter, 0.1), taskq_private.clock()
    from jsonb_to_recordset(tasks) as r (
      type text, description text, payload_schema jsonb, cpu_units numeric, memory_mb integer, timeout_seconds integer, max_attempts smallint,
      initial_delay_seconds real, backoff_multiplier real, max_delay_seconds real, jitter real
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
      registered_at = excluded.registered_at
    returning t.type;
end;
$$;
comment on function taskq.register_task_types(jsonb) is
  'Registers job types or changes them: a list of {"type", "description", "payload_schema", "cpu_units", "memory_mb", "timeout_seconds", "max_attempts", "initial_delay_seconds", "backoff_multiplier", "max_delay_seconds", "jitter"}. Answers the types.';
--! EndIncluded 1_submit/register_task_types.sql
--  check_requests, request_error, read_requests: from what was asked to what will be stored
--! Included 1_submit/dependency_ids.sql
create or replace function taskq_private.dependency_ids(depends_on jsonb)
returns uuid[]
language sql
immutable
as $$
  select array_agg(distinct d.value::uuid)
  from jsonb_array_elements_text(depends_on) as d (value)
  where d.value ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
$$;
comment on function taskq_private.dependency_ids(jsonb) is 'The distinct ids in a list of dependencies; what is no id is left to request_error().';
--! EndIncluded 1_submit/dependency_ids.sql
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
        when k.field is null then f.key || ' is not a field of a job'
        when k.json_type = 'any' or f.value = 'null' then null
        when k.json_type = 'priority' then
          case when taskq_private.priority_of(f.value #>> '{}') is null then f.key || ' must be ' || k.description end
        when jsonb_typeof(f.value) <> k.json_type then f.key || ' must be ' || k.description
        when k.json_type = 'number' then
          case when not (f.value::numeric between k.minimum and k.maximum and (not k.whole or f.value::numeric % 1 = 0))
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
-- instant, dependencies are ids. Null for a good request.
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
    select coalesce(d.value #>> '{}', 'null') into v_bad
    from jsonb_array_elements(request -> 'depends_on') as d
    where (jsonb_typeof(d.value) = 'string' and (d.value #>> '{}') ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$') is not true
    limit 1;
    if v_bad is not null then
      return taskq_private.invalid('depends_on', format('depends_on "%s" is not a job id', left(v_bad, 100)), 'TQ423', 'Give the ids that submitting answered.');
    end if;
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
-- Requests -> submissions: checked, typed, with the defaults of their type, and the lane if one of that shape exists.
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
    coalesce(r.created_by, taskq_private.actor()), r.name, r.idempotency_key,
    case when r.idempotency_key is not null then sha256(convert_to((q.request - 'idempotency_key' - 'created_by' - 'trace_context')::text, 'UTF8')) end,
    nullif(r.metadata, 'null'), r.trace_context,
    case when jsonb_array_length(nullif(r.depends_on, 'null')) > 0 then taskq_private.dependency_ids(r.depends_on) end,
    0, null::uuid
  from (
    select e.ordinality, e.value as request, b.error
    from jsonb_array_elements(requests) with ordinality as e (value, ordinality)
    left join taskq_private.check_requests(requests) as b on b.ordinal = e.ordinality
  ) as q
  cross join taskq_private.settings as d
  cross join lateral jsonb_to_record(case when q.error is null then q.request else '{}' end) as r (
    type text, queue text, priority text, payload jsonb, run_at text, timeout_seconds numeric, idempotency_key text, metadata jsonb,
    name text, created_by text, trace_context text, depends_on jsonb, resource_requirements jsonb, retry_config jsonb
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
      coalesce(n.memory_mb, t.memory_mb)::integer
  ) as s (queue, priority, cpu_units, memory_mb)
  left join taskq_private.lanes as l
    on l.queue = s.queue and l.type = r.type and l.priority = s.priority and l.cpu_units = s.cpu_units and l.memory_mb = s.memory_mb
    and l.resources = '{}';
$$;
comment on function taskq_private.read_requests(jsonb, timestamptz) is 'Reads a list of requests into submissions, an error in the row where one is bad.';
--! EndIncluded 1_submit/read_requests.sql
--  intern_lanes: jobs alike to the scheduler share a lane
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

  insert into taskq_private.lanes (queue, type, priority, cpu_units, memory_mb)
  select distinct j.queue, j.type, j.priority, j.cpu_units, j.memory_mb
  from unnest(jobs) as j
  where j.lane_id is null and j.error is null
  order by 1, 2, 3, 4, 5
  on conflict do nothing;

  for v_i in 1 .. cardinality(v_jobs) loop
    v_job := v_jobs[v_i];
    if v_job.lane_id is null and v_job.error is null then
      select l.lane_id into strict v_job.lane_id
      from taskq_private.lanes as l
      where l.queue = v_job.queue and l.type = v_job.type and l.priority = v_job.priority
        and l.cpu_units = v_job.cpu_units and l.memory_mb = v_job.memory_mb and l.resources = '{}';
      v_jobs[v_i] := v_job;
    end if;
  end loop;
  return v_jobs;
end;
$$;
comment on function taskq_private.intern_lanes(taskq_private.submission[], timestamptz) is 'Gives each submission its lane, making those that are new.';
--! EndIncluded 1_submit/intern_lanes.sql
--  resolve_idempotency: one key, one job
--! Included 1_submit/resolve_idempotency.sql
-- One key, one job, whatever the concurrency: `on conflict do nothing` waits for a rival that holds the key; whoever finds
-- another's job under its key answers with that job if the request was the same, and with an error if not.
-- Locks: the keys, in their order, so that two batches cannot deadlock.
create or replace function taskq_private.resolve_idempotency(jobs taskq_private.submission[])
returns taskq_private.submission[]
language plpgsql
volatile
as $$
declare
  v_job taskq_private.submission;
  v_jobs taskq_private.submission[] := jobs;
  v_first taskq_private.idempotency_keys;
begin
  for v_job in select * from unnest(jobs) as j where j.idempotency_key is not null and j.error is null order by j.idempotency_key, j.ordinal loop
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
--  lock_parents, resolve_dependencies: how many jobs it waits for
--! Included 1_submit/lock_parents.sql
-- Holds parents in their place until this transaction ends: unfinished ones cannot end, finished ones cannot be replayed or
-- deleted. One that moves while we wait for it is looked for again, so in the end each is unknown or locked.
-- Locks: claims by claim_id, then ready, waiting and finished rows by job_id, all for share.
create or replace function taskq_private.lock_parents(parent_ids uuid[])
returns void
language plpgsql
volatile
as $$
declare
  v_locked uuid[] := '{}';
begin
  loop
    v_locked := v_locked || array(
      select u.job_id
      from (select c.job_ids from taskq_private.claims as c where c.job_ids && parent_ids order by c.claim_id for share) as c
      cross join unnest(c.job_ids) as u (job_id)
    );
    v_locked := v_locked || array(
      select r.job_id
      from taskq_private.job_specs as s
      join taskq_private.ready_jobs as r on r.lane_id = s.lane_id and r.job_id = s.job_id
      where s.job_id = any (parent_ids)
      order by r.job_id
      for share of r
    );
    v_locked := v_locked || array(
      select w.job_id from taskq_private.waiting_jobs as w where w.job_id = any (parent_ids) order by w.job_id for share
    );
    v_locked := v_locked || array(
      select f.job_id from taskq_private.finished_jobs as f where f.job_id = any (parent_ids) order by f.job_id for share
    );
    exit when not exists (
      select from taskq_private.job_specs as s where s.job_id = any (parent_ids) and s.job_id <> all (v_locked)
    );
  end loop;
end;
$$;
comment on function taskq_private.lock_parents(uuid[]) is 'Keeps these jobs where they are until this transaction ends.';
--! EndIncluded 1_submit/lock_parents.sql
--! Included 1_submit/resolve_dependencies.sql
-- Counts what each job still waits for. Its parents stand still meanwhile: a parent that ends after this commits sees the
-- edge, one that ended before is seen here.
create or replace function taskq_private.resolve_dependencies(jobs taskq_private.submission[])
returns taskq_private.submission[]
language plpgsql
volatile
as $$
declare
  v_job taskq_private.submission;
  v_jobs taskq_private.submission[] := jobs;
  v_unknown uuid;
begin
  perform taskq_private.lock_parents(array(
    select distinct d.id
    from unnest(jobs) as j cross join unnest(j.depends_on) as d (id)
    where j.error is null and j.repeated is not true
  ));

  for v_job in
    select *
    from unnest(jobs) as j
    where j.depends_on is not null
      and j.error is null
      -- a repeat of a submission of this same list shares its fate
      and (j.repeated is not true or j.job_id in (select first.job_id from unnest(jobs) as first where first.repeated is not true))
  loop
    select (array_agg(d.id) filter (where s.job_id is null))[1], count(*) filter (where f.status is distinct from 'completed'),
      (array_agg(d.id) filter (where f.status in ('failed', 'cancelled')))[1]
    into v_unknown, v_job.remaining_dependencies, v_job.doomed_by
    from unnest(v_job.depends_on) as d (id)
    left join taskq_private.job_specs as s on s.job_id = d.id
    left join taskq_private.finished_jobs as f on f.job_id = d.id;

    if v_unknown is not null then
      v_job.error := taskq_private.invalid('depends_on', format('depends_on "%s" is no job', v_unknown), 'TQ423', 'It may have expired, or its id is mistyped.');
      delete from taskq_private.idempotency_keys as k where k.idempotency_key = v_job.idempotency_key and k.job_id = v_job.job_id;
    end if;
    v_jobs[v_job.ordinal] := v_job;
  end loop;
  return v_jobs;
end;
$$;
comment on function taskq_private.resolve_dependencies(taskq_private.submission[]) is
  'Finds out how many parents each submission still waits for, and whether one of them can never be waited for.';
--! EndIncluded 1_submit/resolve_dependencies.sql
--  store_jobs, store_waiting_jobs: into its first place
--! Included 1_submit/store_waiting_jobs.sql
-- nothing -> pending | blocked | ready | cancelled: jobs with a run_at or with dependencies. One whose parents have all
-- completed is ready; one whose parent has failed can never be.
create or replace function taskq_private.store_waiting_jobs(jobs taskq_private.submission[], submitted_at timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  insert into taskq_private.job_dependencies (job_id, depends_on_id, satisfied)
  select j.job_id, d.id, f.status is not distinct from 'completed'
  from unnest(jobs) as j
  cross join unnest(j.depends_on) as d (id)
  left join taskq_private.finished_jobs as f on f.job_id = d.id;

  insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
  select j.lane_id, j.job_id, submitted_at, 1
  from unnest(jobs) as j
  where j.remaining_dependencies = 0 and (j.run_at is null or j.run_at <= submitted_at);
  if found then
    perform taskq_private.hint('ready');
  end if;

  insert into taskq_private.waiting_jobs (job_id, lane_id, status, due_at, remaining_dependencies)
  select
    j.job_id, j.lane_id, (case when j.remaining_dependencies > 0 then 'blocked' else 'pending' end)::taskq.job_status, j.run_at,
    j.remaining_dependencies
  from unnest(jobs) as j
  where j.doomed_by is null and (j.remaining_dependencies > 0 or j.run_at > submitted_at);
  if found then
    perform taskq_private.hint_due(submitted_at);
  end if;

  insert into taskq_private.finished_jobs (job_id, lane_id, status, attempt, outcome, finished_at, reason, error)
  select j.job_id, j.lane_id, 'cancelled', 1, 'cancelled', submitted_at, 'dependency', taskq_private.dependency_error(j.doomed_by)
  from unnest(jobs) as j
  where j.doomed_by is not null;
  perform taskq_private.record_event('job_cancelled', array_agg(j.job_id), array_agg(j.lane_id)) from unnest(jobs) as j where j.doomed_by is not null;
end;
$$;
comment on function taskq_private.store_waiting_jobs(taskq_private.submission[], timestamptz) is
  'Stores the edges and the first places of jobs that may have to wait.';
--! EndIncluded 1_submit/store_waiting_jobs.sql
--! Included 1_submit/store_jobs.sql
-- Writes what was asked, and the first place of each job. Most jobs are ready at once; only for others is the rest done.
-- created_at is the instant in the job's id, so that a range of the one is a range of the other.
create or replace function taskq_private.store_jobs(jobs taskq_private.submission[], submitted_at timestamptz)
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
    created_at, run_at, created_by, name, idempotency_key, metadata, trace_context
  )
  select
    j.job_id, j.lane_id, j.payload, j.max_attempts, j.timeout_seconds, j.initial_delay_seconds, j.backoff_multiplier, j.max_delay_seconds, j.jitter,
    submitted_at + j.ordinal * interval '1 microsecond', j.run_at, j.created_by, j.name, j.idempotency_key, j.metadata, j.trace_context
  from unnest(jobs) as j;

  insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
  select j.lane_id, j.job_id, submitted_at, 1
  from unnest(jobs) as j
  where j.depends_on is null and (j.run_at is null or j.run_at <= submitted_at);
  get diagnostics v_ready = row_count;

  perform taskq_private.record_event('job_submitted', array_agg(j.job_id), array_agg(j.lane_id)) from unnest(jobs) as j;
  if v_ready > 0 then
    perform taskq_private.hint('ready');
  end if;
  if v_ready < cardinality(jobs) then
    perform taskq_private.store_waiting_jobs(
      array(select j from unnest(jobs) as j where j.depends_on is not null or j.run_at > submitted_at), submitted_at
    );
  end if;
end;
$$;
comment on function taskq_private.store_jobs(taskq_private.submission[], timestamptz) is 'Stores good submissions, each in its first place.';
--! EndIncluded 1_submit/store_jobs.sql
--  submit_each, submit_jobs, submit_job: a list answered one by one, a list all or none, one
--! Included 1_submit/submit_warnings.sql
-- A job that none of the live workers for its type and queue can ever carry is accepted all the same: a larger one may come.
create or replace function taskq_private.submit_warnings(lane_id integer)
returns text[]
language sql
stable
as $$
  select case
    when bool_or(l.cpu_units <= w.cpu_units and l.memory_mb <= w.memory_mb) is false then
      array[format(
        'larger than every live worker: it asks for %s cpu and %s MB, the largest have %s cpu and %s MB',
        trim_scale(min(l.cpu_units)), min(l.memory_mb), trim_scale(max(w.cpu_units)), max(w.memory_mb)
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
-- Locks: idempotency keys in order, then the places of dependencies (lock_parents).
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
  v_some record;
begin
  if jsonb_typeof(requests) is distinct from 'array' then
    perform taskq_private.raise_error(taskq_private.invalid('jobs', 'jobs must be a list of objects'));
  end if;

  v_jobs := array(select r::taskq_private.submission from taskq_private.read_requests(requests, v_now) as r order by r.ordinal);
  select bool_or(j.lane_id is null) as new_lane, bool_or(j.idempotency_key is not null) as has_key, bool_or(j.depends_on is not null) as waits
  into v_some
  from unnest(v_jobs) as j
  where j.error is null;
  if v_some.new_lane then
    v_jobs := taskq_private.intern_lanes(v_jobs, v_now);
  end if;
  if v_some.has_key then
    v_jobs := taskq_private.resolve_idempotency(v_jobs);
  end if;
  if v_some.waits then
    v_jobs := taskq_private.resolve_dependencies(v_jobs);
  end if;
  perform taskq_private.store_jobs(array(select j from unnest(v_jobs) as j where j.error is null and j.repeated is not true), v_now);

  return query
    select
      j.ordinal - 1,
      case when j.error is null then j.job_id end,
      case
        when j.error is not null then null
        when j.repeated then taskq_private.status_of(j.job_id)
        when j.doomed_by is not null then 'cancelled'
        when j.remaining_dependencies > 0 then 'blocked'
        when j.run_at > v_now then 'pending'
        else 'ready'
      end::taskq.job_status,
      j.error is null and j.repeated is not true,
      case when j.cpu_units > 0 or j.memory_mb > 0 then taskq_private.submit_warnings(j.lane_id) else '{}' end,
      j.error
    from unnest(v_jobs) as j;
end;
$$;
comment on function taskq.submit_each(jsonb) is
  'Submits a list of unrelated jobs in one transaction and answers each for itself: job_id, status and warnings, or an error {"code", "field", "message"}. Positions count from 0.';
--! EndIncluded 1_submit/submit_each.sql
--! Included 1_submit/submit_jobs.sql
-- nothing -> pending | blocked | ready. All of them or none.
-- Calls: submit_each. Raises: the first error, its field prefixed with jobs[n].
create or replace function taskq.submit_jobs(jobs jsonb)
returns table ("position" integer, job_id uuid, status taskq.job_status, created boolean, warnings text[])
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_answers jsonb;
  v_error jsonb;
begin
  if (select sum(jsonb_array_length(d.list)) from jsonb_path_query(jobs, '$[*].depends_on') as d (list) where jsonb_typeof(d.list) = 'array') > 200000 then
    perform taskq_private.raise_error(taskq_private.invalid('depends_on', 'the jobs of one call name more than 200000 dependencies', 'TQ413', 'Submit them in several calls.'));
  end if;

  select jsonb_agg(to_jsonb(s) order by s."position"), (array_agg(s.error order by s."position") filter (where s.error is not null))[1]
    || jsonb_build_object('position', min(s."position") filter (where s.error is not null))
  into v_answers, v_error
  from taskq.submit_each(jobs) as s;

  if v_error is not null then
    perform taskq_private.raise_error(v_error || jsonb_build_object(
      'field', format('jobs[%s].%s', v_error ->> 'position', v_error ->> 'field'),
      'message', format('jobs[%s]: %s', v_error ->> 'position', v_error ->> 'message')
    ));
  end if;
  return query
    select a."position", a.job_id, a.status, a.created, a.warnings
    from jsonb_to_recordset(v_answers) as a ("position" integer, job_id uuid, status taskq.job_status, created boolean, warnings text[]);
end;
$$;
comment on function taskq.submit_jobs(jsonb) is
  'Submits a list of jobs in one transaction, all or none. Each element has the fields of POST /jobs: {"type", "payload", "priority", "resource_requirements", "retry_config", "depends_on", "run_at", ...}. Positions count from 0.';
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
    'depends_on', to_jsonb(depends_on), 'timeout_seconds', timeout_seconds, 'idempotency_key', idempotency_key, 'name', name,
    'resource_requirements', nullif(jsonb_strip_nulls(jsonb_build_object('cpu_units', cpu_units, 'memory_mb', memory_mb)), '{}'),
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
  text, jsonb, text, text, timestamptz, uuid[], numeric, integer, integer, integer, jsonb, text, jsonb, text
) is
  'Submits one job of a registered type. priority is critical, high, normal, low or 1 (first) to 10. Under a known idempotency_key it answers with the first job and created = false. Example: select * from taskq.submit_job(''echo'', ''{"message": "hi"}'', priority => ''high'').';
--! EndIncluded 1_submit/submit_job.sql

--  2  its time comes
--  promote_due_jobs: pending and retrying jobs become ready
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
  ), stored as (
    insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
    select p.lane_id, p.job_id, p.due_at, p.attempt
    from promoted as p
  )
  select array_agg(p.job_id), array_agg(p.lane_id), array_agg(p.attempt)
  into v_job_ids, v_lane_ids, v_attempts
  from promoted as p;

  perform taskq_private.record_event('job_ready', v_job_ids, v_lane_ids, v_attempts);
  return coalesce(cardinality(v_job_ids), 0);
end;
$$;
comment on function taskq_private.promote_due_jobs(integer) is 'Makes jobs ready whose time has come; answers how many.';
--! EndIncluded 2_ready/promote_due_jobs.sql
--  next_due_in, hint_due: so that a timer and no poll decides
--! Included 2_ready/next_due_in.sql
-- One index probe. Measured here, so that a worker's clock does not matter.
create or replace function taskq_private.next_due_in()
returns double precision
language sql
volatile
as $$
  select extract(epoch from min(w.due_at) - taskq_private.clock())::double precision
  from taskq_private.waiting_jobs as w
  where w.status <> 'blocked';
$$;
comment on function taskq_private.next_due_in() is 'Seconds until the next waiting job is due; null when none is.';
--! EndIncluded 2_ready/next_due_in.sql
--! Included 2_ready/hint_due.sql
-- Workers know the next due instant as of their last look. A job due before they look again needs a hint.
create or replace function taskq_private.hint_due(since timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  if exists (
    select from taskq_private.waiting_jobs as w where w.status <> 'blocked' and w.due_at <= since + interval '5 seconds'
  ) then
    perform taskq_private.hint('ready');
  end if;
end;
$$;
comment on function taskq_private.hint_due(timestamptz) is 'Wakes workers when something is due soon, so that they set their timers.';
--! EndIncluded 2_ready/hint_due.sql

--  3  a worker claims it
--  claim_next_job: the one call of a worker's loop
--! Included 3_claim/claim_next_job.sql
-- ready -> running. One round trip: record the outcomes that have gathered, then take the best set of jobs that fits.
-- Deciding is done on lanes, not on jobs: choose_lanes() says how many rows to take from the head of which lane, and only
-- those rows are locked. All rows of a lane are alike, so whichever of them a rival has taken, the sum stays right.
-- Plans must not depend on statistics: the tables empty and fill within seconds. So: generic plans, by index.
-- Locks: this worker's row, the claims of the outcomes, then ready rows (skip locked). Raises: TQ412 for an ended worker.
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
begin
  v_worker := taskq_private.lock_worker(worker_id);
  if outcomes is not null then
    rejected := taskq_private.finish_attempts(outcomes, worker_id);
  end if;

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
  next_due_in_seconds := taskq_private.next_due_in();
end;
$$;
comment on function taskq.claim_next_job(uuid, integer, jsonb) is
  'Takes the best jobs that fit this worker now, at most max_jobs, under one claim_id; jobs is a list of {"job_id", "type", "queue", "attempt", "max_attempts", "timeout_seconds", "payload", "trace_context"}. outcomes is a list of {"claim_id", "job_id", "outcome", "result", "error", "fatal", "retry_after_seconds", "duration_seconds", "logs"} to record first; rejected names those whose claim was lost. Call again within next_due_in_seconds. Example: select j.* from taskq.claim_next_job(:''worker'', 5) as c, json_to_recordset(c.jobs) as j (job_id uuid, type text, payload json).';
--! EndIncluded 3_claim/claim_next_job.sql
--  lock_worker: one worker's claims come one after the other
--! Included 3_claim/lock_worker.sql
-- The lock under which "used" is summed: one worker's claims are made one after the other, workers do not wait for each other.
create or replace function taskq_private.lock_worker(worker_id uuid)
returns taskq_private.workers
language plpgsql
volatile
as $$
declare
  v_worker taskq_private.workers;
begin
  select * into v_worker from taskq_private.workers as w where w.worker_id = lock_worker.worker_id for no key update;
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
comment on function taskq_private.lock_worker(uuid) is 'The row of a live worker, locked until this transaction ends.';
--! EndIncluded 3_claim/lock_worker.sql
--  free_capacity, choose_lanes: what fits, and which lanes come first
--! Included 3_claim/free_capacity.sql
-- Derived from the claims under the worker's lock, never from a counter that could drift.
create or replace function taskq_private.free_capacity(worker taskq_private.workers, out cpu_units numeric, out memory_mb integer)
language sql
stable
as $$
  select worker.cpu_units - coalesce(sum(l.cpu_units * held.jobs), 0), (worker.memory_mb - coalesce(sum(l.memory_mb * held.jobs), 0))::integer
  from (
    select u.lane_id, count(*) as jobs
    from taskq_private.claims as c
    cross join unnest(c.lane_ids) as u (lane_id)
    where c.worker_id = worker.worker_id
    group by u.lane_id
  ) as held
  join taskq_private.lanes as l on l.lane_id = held.lane_id;
$$;
comment on function taskq_private.free_capacity(taskq_private.workers) is 'What the worker has left of its cpu and memory.';
--! EndIncluded 3_claim/free_capacity.sql
--! Included 3_claim/choose_lanes.sql
-- Which lanes to take how many jobs from. In words:
-- A lane counts if this worker runs its type, serves its queue, the queue is not paused, and one job of it fits what is free.
-- Each lane shows its first rows by ready_at, no more than could fit: one index probe, whatever lies behind.
-- The rows of all lanes are merged in effective order: the first level of priority goes by ready_at alone, each further
-- level weighs as much as aging_seconds of waiting, or as 30 years where the queue has none: strict priority.
-- In that order they are taken while the running sum fits; one that does not fit is passed over.
create or replace function taskq_private.choose_lanes(
  worker taskq_private.workers, max_jobs integer, out lane_ids integer[], out job_counts integer[], out handicaps interval[]
)
language plpgsql
stable
as $$
declare
  v_free record;
  v_head record;
  v_taken integer := 0;
begin
  select free.cpu_units, free.memory_mb into v_free from taskq_private.free_capacity(worker) as free;

  for v_head in
    select l.lane_id, l.cpu_units, l.memory_mb, behind.handicap
    from taskq_private.lanes as l
    join taskq_private.queues as q on q.queue = l.queue
    cross join lateral (select (l.priority - 1) * (coalesce(q.aging_seconds, 946080000) * interval '1 second')) as behind (handicap)
    cross join lateral (
      select r.ready_at, r.job_id
      from taskq_private.ready_jobs as r
      where r.lane_id = l.lane_id
      order by r.ready_at, r.job_id
      limit least(
        max_jobs,
        coalesce(floor(v_free.cpu_units / nullif(l.cpu_units, 0)), max_jobs),
        coalesce(v_free.memory_mb / nullif(l.memory_mb, 0), max_jobs)
      )
    ) as head
    where l.type = any (worker.types)
      and (worker.queues is null or l.queue = any (worker.queues))
      and q.paused_at is null
      and l.cpu_units <= v_free.cpu_units
      and l.memory_mb <= v_free.memory_mb
      and l.resources = '{}'
    order by head.ready_at + behind.handicap, head.ready_at, head.job_id
  loop
    if v_head.cpu_units <= v_free.cpu_units and v_head.memory_mb <= v_free.memory_mb then
      v_free.cpu_units := v_free.cpu_units - v_head.cpu_units;
      v_free.memory_mb := v_free.memory_mb - v_head.memory_mb;
      lane_ids := lane_ids || v_head.lane_id;
      handicaps := handicaps || v_head.handicap;
      v_taken := v_taken + 1;
      exit when v_taken = max_jobs;
    end if;
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
comment on function taskq_private.choose_lanes(taskq_private.workers, integer) is
  'The lanes to take jobs from and how many from each, so that together they fit what the worker has free; and what to add to ready_at for the effective order.';
--! EndIncluded 3_claim/choose_lanes.sql
--  take_jobs: from the heads of those lanes into a claim
--! Included 3_claim/timeout_grace.sql
-- The worker ends an attempt at its timeout and kills it soon after; only what it failed to end is left to tick().
create or replace function taskq_private.timeout_grace()
returns interval
language sql
immutable
parallel safe
as $$
  select interval '15 seconds';
$$;
comment on function taskq_private.timeout_grace() is 'How long after a timeout or a cancel the database ends an attempt that its worker has not ended.';
--! EndIncluded 3_claim/timeout_grace.sql
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
  v_chosen := taskq_private.choose_lanes(worker, max_jobs);
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
      where r.lane_id = chosen.lane_id
      order by r.ready_at, r.job_id
      limit chosen.job_count
      for update skip locked
    ) as r
    order by r.ready_at + chosen.handicap, r.ready_at, r.job_id
  ) as head;
  if v_taken.job_ids is null then
    return;
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

--  4  it runs
--  register_worker, hold_worker_session, heartbeat: who runs jobs, and whether it still lives
--! Included 4_run/register_worker.sql
-- A worker says what it can run and carry, and gets an id. A restarted worker registers anew.
create or replace function taskq.register_worker(
  name text,
  types text[],
  cpu_units numeric,
  memory_mb integer,
  concurrency integer default 1,
  queues text[] default null
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
  insert into taskq_private.workers (worker_id, name, types, queues, cpu_units, memory_mb, concurrency, started_at, heartbeat_at)
  values (v_worker_id, name, types, queues, cpu_units, memory_mb, concurrency, v_now, v_now);
  return v_worker_id;
end;
$$;
comment on function taskq.register_worker(text, text[], numeric, integer, integer, text[]) is
  'Registers a worker: the job types it runs, the cpu and memory that its jobs may take together, how many it runs at a time, and the queues it serves (null for all). Answers its worker_id.';
--! EndIncluded 4_run/register_worker.sql
--! Included 4_run/hold_worker_session.sql
-- The lock goes when the session does, so a killed worker is noticed within seconds and not after its lease.
-- Locks: advisory (1952541556, worker_number) for as long as the session lives. Not through a transaction pooler.
create or replace function taskq.hold_worker_session(worker_id uuid)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_worker taskq_private.workers := taskq_private.lock_worker(worker_id);
begin
  if not pg_try_advisory_lock(1952541556, v_worker.worker_number) then
    return false;
  end if;
  update taskq_private.workers as w
  set holds_session = true, absent_since = null
  where w.worker_id = hold_worker_session.worker_id;
  return true;
end;
$$;
comment on function taskq.hold_worker_session(uuid) is
  'Ties the worker to this session: when the session ends without stop_worker(), its jobs are given to others within 2 seconds. False if another session still holds it; try again.';
--! EndIncluded 4_run/hold_worker_session.sql
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
    join taskq_private.claims as c on c.claim_id = r.claim_id
    where c.worker_id = heartbeat.worker_id
  );
end;
$$;
comment on function taskq.heartbeat(uuid, jsonb) is
  'Says that the worker lives and what its machine really uses; answers its status and which of its jobs were asked to stop.';
--! EndIncluded 4_run/heartbeat.sql
--  held_attempts: the fence that every later write passes
--! Included 4_run/held_attempts.sql
-- The fence: of these (claim, job) pairs, those that still hold. The caller has locked the claims.
create or replace function taskq_private.held_attempts(claim_ids bigint[])
returns table (claim_id bigint, worker_id uuid, claimed_at timestamptz, job_id uuid, lane_id integer, attempt smallint)
language sql
stable
as $$
  select c.claim_id, c.worker_id, c.claimed_at, u.job_id, u.lane_id, u.attempt
  from taskq_private.claims as c
  cross join unnest(c.job_ids, c.lane_ids, c.attempts) as u (job_id, lane_id, attempt)
  where c.claim_id = any (claim_ids);
$$;
comment on function taskq_private.held_attempts(bigint[]) is 'What runs under these claims.';
--! EndIncluded 4_run/held_attempts.sql
--! Included 4_run/raise_claim_lost.sql
create or replace function taskq_private.raise_claim_lost(claim_id bigint, job_id uuid)
returns void
language plpgsql
immutable
as $$
begin
  raise exception 'claim lost: job % is not running under claim %', job_id, claim_id
    using errcode = 'TQ411', hint = 'Stop working on it: it has ended, or it was given to another worker.';
end;
$$;
comment on function taskq_private.raise_claim_lost(bigint, uuid) is 'Turns away a writer whose claim has ended.';
--! EndIncluded 4_run/raise_claim_lost.sql
--  log_jobs, report_progress, parent_results: what a handler can say and ask
--! Included 4_run/store_logs.sql
-- The caller has locked the claims. A line's instant is this database's, less the age that the worker measured.
create or replace function taskq_private.store_logs(entries jsonb)
returns uuid[]
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_part record;
  v_lost uuid[];
begin
  -- an event is read whole, so one event takes 500 lines at most
  for v_part in
    with entry as materialized (
      select e.ordinality, r.*
      from jsonb_array_elements(entries) with ordinality as e (value, ordinality)
      cross join lateral jsonb_to_record(e.value) as r (
        claim_id bigint, job_id uuid, level taskq.log_level, message text, data jsonb, age_seconds double precision
      )
    ), held as materialized (
      select h.* from taskq_private.held_attempts(array(select distinct e.claim_id from entry as e)) as h
    ), kept as (
      insert into taskq_private.job_logs (job_id, claim_id, attempt, at, level, message, data)
      select e.job_id, e.claim_id, h.attempt, v_now - coalesce(e.age_seconds, 0) * interval '1 second', coalesce(e.level, 'info'),
        coalesce(left(e.message, 65536), ''), e.data
      from entry as e
      join held as h on h.claim_id = e.claim_id and h.job_id = e.job_id
      order by e.ordinality
      returning job_id, claim_id, attempt, log_id, at, level, message, data
    )
    select
      array_agg(k.job_id order by k.place) as job_ids, array_agg(h.lane_id order by k.place) as lane_ids, array_agg(k.attempt order by k.place) as attempts,
      jsonb_agg(jsonb_build_object('level', k.level, 'message', k.message, 'data', k.data, 'at', k.at) order by k.place) as data
    from (select kept.*, row_number() over (order by kept.log_id) as place from kept) as k
    join held as h on h.claim_id = k.claim_id and h.job_id = k.job_id
    group by (k.place - 1) / 500
    order by (k.place - 1) / 500
  loop
    perform taskq_private.record_event('job_log', v_part.job_ids, v_part.lane_ids, v_part.attempts, v_part.data);
  end loop;

  select array_agg(distinct e.job_id)
  into v_lost
  from jsonb_to_recordset(entries) as e (claim_id bigint, job_id uuid)
  where not exists (
    select from taskq_private.claims as c where c.claim_id = e.claim_id and c.job_ids @> array[e.job_id]
  );
  return coalesce(v_lost, '{}');
end;
$$;
comment on function taskq_private.store_logs(jsonb) is 'Writes log lines of jobs that still run; answers the others.';
--! EndIncluded 4_run/store_logs.sql
--! Included 4_run/log_jobs.sql
-- Lines of running jobs. Locks: their claims, for share. A line whose claim was lost is not written.
create or replace function taskq.log_jobs(entries jsonb)
returns uuid[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_claim_ids bigint[] := array(select distinct (e.value ->> 'claim_id')::bigint from jsonb_array_elements(entries) as e);
begin
  perform from taskq_private.claims as c where c.claim_id = any (v_claim_ids) order by c.claim_id for share;
  return taskq_private.store_logs(entries);
end;
$$;
comment on function taskq.log_jobs(jsonb) is
  'Writes lines into the logs of running jobs: a list of {"claim_id", "job_id", "level", "message", "data", "age_seconds"}. Answers the jobs whose claim was lost.';
--! EndIncluded 4_run/log_jobs.sql
--! Included 4_run/report_progress.sql
-- How far a running job is. Locks: its claim, for share. Raises: TQ411 when the claim was lost.
create or replace function taskq.report_progress(claim_id bigint, job_id uuid, percent real, data jsonb default null)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_held record;
begin
  perform from taskq_private.claims as c where c.claim_id = report_progress.claim_id for share;
  select * into v_held from taskq_private.held_attempts(array[report_progress.claim_id]) as h where h.job_id = report_progress.job_id;
  if not found then
    perform taskq_private.raise_claim_lost(report_progress.claim_id, report_progress.job_id);
  end if;
  if percent is null or not percent between 0 and 100 then
    perform taskq_private.raise_error(taskq_private.invalid('percent', 'percent must be a number from 0 to 100'));
  end if;

  insert into taskq_private.job_progress (job_id, percent, data, at)
  values (report_progress.job_id, percent, report_progress.data, taskq_private.clock())
  on conflict (job_id) do update set percent = excluded.percent, data = excluded.data, at = excluded.at;

  perform taskq_private.record_event(
    'job_progress', array[report_progress.job_id], array[v_held.lane_id], array[v_held.attempt],
    jsonb_build_array(jsonb_build_object('percent', percent, 'data', report_progress.data))
  );
end;
$$;
comment on function taskq.report_progress(bigint, uuid, real, jsonb) is 'Says how far a running job is, 0 to 100, with any JSON beside it.';
--! EndIncluded 4_run/report_progress.sql
--! Included 4_run/parent_results.sql
create or replace function taskq.parent_results(job_id uuid)
returns table (parent_id uuid, name text, type text, status taskq.job_status, result jsonb)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select d.depends_on_id, s.name, l.type, f.status, f.result
  from taskq_private.job_dependencies as d
  join taskq_private.job_specs as s on s.job_id = d.depends_on_id
  join taskq_private.lanes as l on l.lane_id = s.lane_id
  left join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id
  where d.job_id = parent_results.job_id
  order by s.name, d.depends_on_id;
$$;
comment on function taskq.parent_results(uuid) is 'What the jobs that this job depended on left behind.';
--! EndIncluded 4_run/parent_results.sql

--  5  it ends
--  finish_attempts: what workers report
--! Included 5_finish/finish_attempts.sql
-- running -> completed | failed | cancelled | retrying | ready. What workers report, in batches.
-- Locks: the claims in claim_id order; then what end_attempts locks. A report whose claim was lost changes nothing.
create or replace function taskq_private.finish_attempts(outcomes jsonb, worker_id uuid, out rejected uuid[])
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
end;
$$;
comment on function taskq_private.finish_attempts(jsonb, uuid) is 'Records how attempts went; answers the jobs whose claim was lost.';
--! EndIncluded 5_finish/finish_attempts.sql
--  end_attempts: the one way out of a claim
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

  delete from taskq_private.cancel_requests as r where r.job_id = any (array(select e.job_id from unnest(ended) as e));
  delete from taskq_private.job_progress as p where p.job_id = any (array(select e.job_id from unnest(ended) as e));
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
  join taskq_private.claims as c on c.claim_id = e.claim_id;

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
  where c.claim_id = kept.claim_id;
end;
$$;
comment on function taskq_private.shrink_claims(taskq_private.ended_attempt[]) is 'Takes jobs out of their claims.';
--! EndIncluded 5_finish/shrink_claims.sql
--  complete_attempts, fail_attempts: completed; or retried, failed, cancelled by the rule of next_status
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
  perform taskq_private.settle_dependents(v_job_ids, 'completed');
end;
$$;
comment on function taskq_private.complete_attempts(taskq_private.ended_attempt[]) is 'Records completions and lets their dependents go.';
--! EndIncluded 5_finish/complete_attempts.sql
--! Included 5_finish/crash_count.sql
create or replace function taskq_private.crash_count(job_id uuid)
returns bigint
language sql
stable
as $$
  select count(*)
  from taskq_private.job_attempts as a
  where a.job_id = crash_count.job_id
    and a.outcome = 'lost'
    and a.claim_id > coalesce(
      (select max(e.claim_id) from taskq_private.job_attempts as e where e.job_id = crash_count.job_id and e.ended_a_life), 0
    );
$$;
comment on function taskq_private.crash_count(uuid) is 'How many workers died while they ran this job, since it was submitted or last replayed.';
--! EndIncluded 5_finish/crash_count.sql
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
--! Included 5_finish/next_status.sql
-- The rule of what follows an attempt that did not complete.
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
    if taskq_private.crash_count(ended.job_id) >= 2 then
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
    if v_group.next_status in ('failed', 'cancelled') then
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
--  complete_job, fail_job: one job, inside a handler's own transaction or from plain SQL
--! Included 5_finish/end_held_job.sql
-- One running job, by whoever holds its claim. Locks: the claim. Raises: TQ411 when the claim was lost.
create or replace function taskq_private.end_held_job(
  claim_id bigint, job_id uuid, outcome taskq.attempt_outcome, result jsonb default null, error jsonb default null, fatal boolean default null
)
returns void
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_ended taskq_private.ended_attempt[];
begin
  perform from taskq_private.claims as c where c.claim_id = end_held_job.claim_id for update;
  v_ended := array(
    select row(
      h.job_id, h.lane_id, h.attempt, h.claim_id, h.worker_id, h.claimed_at, end_held_job.outcome, end_held_job.result, end_held_job.error,
      end_held_job.fatal, null
    )::taskq_private.ended_attempt
    from taskq_private.held_attempts(array[end_held_job.claim_id]) as h
    where h.job_id = end_held_job.job_id
  );
  if cardinality(v_ended) = 0 then
    perform taskq_private.raise_claim_lost(end_held_job.claim_id, end_held_job.job_id);
  end if;
  perform taskq_private.end_attempts(v_ended);
end;
$$;
comment on function taskq_private.end_held_job(bigint, uuid, taskq.attempt_outcome, jsonb, jsonb, boolean) is
  'Ends one running job under the claim that holds it.';
--! EndIncluded 5_finish/end_held_job.sql
--! Included 5_finish/complete_job.sql
-- running -> completed, inside the caller's own transaction: its effects and this record commit together or not at all.
-- Locks: the claim, until that commit; so it comes last. Raises: TQ411 when the claim was lost.
create or replace function taskq.complete_job(claim_id bigint, job_id uuid, result jsonb default null)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.end_held_job(claim_id, job_id, 'completed', result => complete_job.result);
end;
$$;
comment on function taskq.complete_job(bigint, uuid, jsonb) is
  'Completes one running job in the current transaction, so that effects in the same database happen exactly once. Call it last.';
--! EndIncluded 5_finish/complete_job.sql
--! Included 5_finish/fail_job.sql
-- running -> retrying | failed. One job, for workers in plain SQL; batches go through claim_next_job.
-- Locks: the claim. Raises: TQ411 when the claim was lost.
create or replace function taskq.fail_job(claim_id bigint, job_id uuid, error text, fatal boolean default false)
returns taskq.job_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.end_held_job(claim_id, job_id, 'failed', error => jsonb_build_object('message', fail_job.error), fatal => fail_job.fatal);
  return taskq_private.status_of(job_id);
end;
$$;
comment on function taskq.fail_job(bigint, uuid, text, boolean) is
  'Fails one running job: it is retried after its backoff, unless fatal or out of attempts. Answers its new status.';
--! EndIncluded 5_finish/fail_job.sql
--  stop_worker, release_unknown_claims, rescue_lost_workers, expire_attempts: goodbyes, lost answers, deaths, and what overran
--! Included 5_finish/end_claims.sql
-- Everything that runs under these claims. Locks: the claims, by claim_id.
create or replace function taskq_private.end_claims(claim_ids bigint[], outcome taskq.attempt_outcome, error jsonb default null)
returns integer
language plpgsql
volatile
as $$
declare
  v_ended taskq_private.ended_attempt[];
begin
  perform from taskq_private.claims as c where c.claim_id = any (claim_ids) order by c.claim_id for update;
  v_ended := array(
    select row(
      h.job_id, h.lane_id, h.attempt, h.claim_id, h.worker_id, h.claimed_at, end_claims.outcome, null, end_claims.error, null, null
    )::taskq_private.ended_attempt
    from taskq_private.held_attempts(claim_ids) as h
    order by h.job_id
  );
  perform taskq_private.end_attempts(v_ended);
  return cardinality(v_ended);
end;
$$;
comment on function taskq_private.end_claims(bigint[], taskq.attempt_outcome, jsonb) is
  'Ends every job of these claims with one outcome; answers how many.';
--! EndIncluded 5_finish/end_claims.sql
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
--! Included 5_finish/stop_worker.sql
-- running -> ready, not charged: what a worker took and will not start. Locks: the worker's claims.
create or replace function taskq.stop_worker(worker_id uuid)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return taskq_private.end_worker(worker_id, 'stopped', 'released');
end;
$$;
comment on function taskq.stop_worker(uuid) is 'Says goodbye: what the worker still holds goes back to the queue, not charged. Answers how many jobs that were.';
--! EndIncluded 5_finish/stop_worker.sql
--! Included 5_finish/release_unknown_claims.sql
-- running -> ready, not charged. The answer to a claim may be lost with its connection: the worker then holds jobs that it
-- does not know of, and says here what it knows. Waits for a claim of its own that is still under way.
-- Locks: the worker's row, then the claims.
create or replace function taskq.release_unknown_claims(worker_id uuid, known_claim_ids bigint[])
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  perform taskq_private.lock_worker(release_unknown_claims.worker_id);
  return taskq_private.end_claims(
    array(
      select c.claim_id from taskq_private.claims as c
      where c.worker_id = release_unknown_claims.worker_id and c.claim_id <> all (known_claim_ids)
    ),
    'released'
  );
end;
$$;
comment on function taskq.release_unknown_claims(uuid, bigint[]) is
  'Gives back what the worker holds beyond these claims; it calls this after a claim whose answer it did not get. Answers how many jobs.';
--! EndIncluded 5_finish/release_unknown_claims.sql
--! Included 5_finish/rescue_lost_workers.sql
-- running -> ready | failed, for workers that died. A worker that holds a session is gone when its lock is seen free on two
-- ticks; any worker is gone when its heartbeat is too old. A database that was away itself lets workers come back first.
-- Locks: the lost workers' rows, then their claims.
create or replace function taskq_private.rescue_lost_workers()
returns integer
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_own bigint[] := array(
    select k.objid::bigint from pg_locks as k where k.pid = pg_backend_pid() and k.locktype = 'advisory' and k.classid = 1952541556
  );
  v_up_since timestamptz := pg_postmaster_start_time();
  v_worker_id uuid;
  v_lost integer := 0;
begin
  update taskq_private.workers as w
  set absent_since = case when w.absent_since is null then v_now end
  where w.status in ('active', 'draining')
    and w.holds_session
    and v_up_since < v_now - interval '5 seconds'
    and w.worker_number <> all (v_own) -- this session would get its own lock
    and (w.absent_since is null) = pg_try_advisory_xact_lock_shared(1952541556, w.worker_number);

  for v_worker_id in
    select w.worker_id
    from taskq_private.workers as w
    cross join taskq_private.settings as s
    where w.status in ('active', 'draining')
      and (
        greatest(w.heartbeat_at, v_up_since) < v_now - s.worker_lost_seconds * interval '1 second'
        or w.absent_since < v_now - interval '400 milliseconds'
      )
    order by w.worker_number
    for update of w skip locked
  loop
    perform taskq_private.end_worker(v_worker_id, 'lost', 'lost');
    v_lost := v_lost + 1;
  end loop;
  return v_lost;
end;
$$;
comment on function taskq_private.rescue_lost_workers() is 'Declares dead workers lost and gives their jobs to others; answers how many workers.';
--! EndIncluded 5_finish/rescue_lost_workers.sql
--! Included 5_finish/expire_attempts.sql
-- running -> retrying | failed | cancelled, where a worker failed to end an attempt that outran its timeout, or that was
-- asked to stop, and the grace after it.
-- Locks: the claims concerned, in claim_id order.
create or replace function taskq_private.expire_attempts()
returns integer
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_claim_ids bigint[];
  v_ended taskq_private.ended_attempt[];
begin
  v_claim_ids := array(
    select c.claim_id
    from taskq_private.claims as c
    where c.expires_at <= v_now
      or c.claim_id in (select r.claim_id from taskq_private.cancel_requests as r where r.requested_at <= v_now - taskq_private.timeout_grace())
    order by c.claim_id
    limit 1000
    for update skip locked
  );
  if cardinality(v_claim_ids) = 0 then
    return 0;
  end if;

  v_ended := array(
    select row(
      h.job_id, h.lane_id, h.attempt, h.claim_id, h.worker_id, h.claimed_at,
      case when r.job_id is null then 'timed_out' else 'cancelled' end, null,
      jsonb_build_object('message', 'the worker did not end it in time; the database did'), null, null
    )::taskq_private.ended_attempt
    from taskq_private.held_attempts(v_claim_ids) as h
    join taskq_private.job_specs as s on s.job_id = h.job_id
    left join taskq_private.cancel_requests as r on r.job_id = h.job_id and r.requested_at <= v_now - taskq_private.timeout_grace()
    where r.job_id is not null or h.claimed_at + s.timeout_seconds * interval '1 second' + taskq_private.timeout_grace() <= v_now
    order by h.job_id
  );
  perform taskq_private.end_attempts(v_ended);

  update taskq_private.claims as c
  set expires_at = next.expires_at
  from (
    select h.claim_id, min(h.claimed_at + s.timeout_seconds * interval '1 second') + taskq_private.timeout_grace() as expires_at
    from taskq_private.held_attempts(v_claim_ids) as h
    join taskq_private.job_specs as s on s.job_id = h.job_id
    group by h.claim_id
  ) as next
  where c.claim_id = next.claim_id;
  return cardinality(v_ended);
end;
$$;
comment on function taskq_private.expire_attempts() is 'Ends attempts that outran their timeout or their cancel; answers how many.';
--! EndIncluded 5_finish/expire_attempts.sql

--  6  those that waited for it go on
--  settle_dependents: edges are satisfied, or can never be
--! Included 6_unblock/dependency_error.sql
create or replace function taskq_private.dependency_error(culprit uuid)
returns jsonb
language sql
immutable
as $$
  select jsonb_build_object('message', format('job %s, which it depends on, did not complete', culprit), 'depends_on', culprit);
$$;
comment on function taskq_private.dependency_error(uuid) is 'The error of a job that was cancelled because of another.';
--! EndIncluded 6_unblock/dependency_error.sql
--! Included 6_unblock/settle_dependents.sql
-- What the end of these jobs means for the jobs that depend on them: edges are satisfied, or can never be. A child that can
-- never run is cancelled, which ends it for its own dependents in turn; a loop and no recursion, since chains are long.
create or replace function taskq_private.settle_dependents(parent_ids uuid[], parent_status taskq.job_status)
returns void
language plpgsql
volatile
as $$
declare
  v_ids uuid[] := parent_ids;
  v_status taskq.job_status := parent_status;
  v_conditions taskq.dependency_condition[];
begin
  loop
    exit when not exists (
      select from taskq_private.job_dependencies as d where d.depends_on_id = any (v_ids) and not d.satisfied
    );
    v_conditions := case v_status
      when 'completed' then '{success,finished}'
      when 'failed' then '{failure,finished}'
      else '{finished}'
    end;
    perform taskq_private.unblock_dependents(v_ids, v_conditions);
    v_ids := taskq_private.cancel_dependents(v_ids, v_conditions);
    v_status := 'cancelled';
  end loop;
end;
$$;
comment on function taskq_private.settle_dependents(uuid[], taskq.job_status) is 'Lets go, or cancels, the jobs that depend on jobs that have ended.';
--! EndIncluded 6_unblock/settle_dependents.sql
--! Included 6_unblock/unblock_dependents.sql
-- blocked -> ready | pending. Marking an edge and counting it down happen under the child's lock, so that parents that end at
-- once count each edge once.
-- Locks: the children, by job_id.
create or replace function taskq_private.unblock_dependents(parent_ids uuid[], conditions taskq.dependency_condition[])
returns void
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_child_ids uuid[];
  v_job_ids uuid[];
  v_lane_ids integer[];
begin
  v_child_ids := array(
    select d.job_id from taskq_private.job_dependencies as d
    where d.depends_on_id = any (parent_ids) and d.condition = any (conditions) and not d.satisfied
  );
  if cardinality(v_child_ids) = 0 then
    return;
  end if;
  perform from taskq_private.waiting_jobs as w where w.job_id = any (v_child_ids) order by w.job_id for update;

  with marked as (
    update taskq_private.job_dependencies as d
    set satisfied = true
    where d.depends_on_id = any (parent_ids) and d.condition = any (conditions) and not d.satisfied
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
  ), stored as (
    insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
    select f.lane_id, f.job_id, v_now, f.attempt from freed as f
  )
  select array_agg(f.job_id), array_agg(f.lane_id) into v_job_ids, v_lane_ids from freed as f;

  perform taskq_private.record_event('job_ready', v_job_ids, v_lane_ids);
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq_private.unblock_dependents(uuid[], taskq.dependency_condition[]) is
  'Marks edges as satisfied and makes the children ready that wait for nothing more.';
--! EndIncluded 6_unblock/unblock_dependents.sql
--! Included 6_unblock/cancel_dependents.sql
-- blocked -> cancelled, reason dependency: children whose edge can never be satisfied, unless they are to be held.
-- Locks: the children, by job_id.
create or replace function taskq_private.cancel_dependents(parent_ids uuid[], satisfying taskq.dependency_condition[])
returns uuid[]
language plpgsql
volatile
as $$
declare
  v_doomed jsonb;
  v_child_ids uuid[];
  v_job_ids uuid[];
  v_lane_ids integer[];
begin
  select array_agg(d.job_id order by d.job_id), jsonb_object_agg(d.job_id, d.depends_on_id)
  into v_child_ids, v_doomed
  from taskq_private.job_dependencies as d
  join taskq_private.job_specs as s on s.job_id = d.job_id
  where d.depends_on_id = any (parent_ids) and d.condition <> all (satisfying) and not d.satisfied and s.on_dependency_failure = 'cancel';
  if v_child_ids is null then
    return '{}';
  end if;
  perform from taskq_private.waiting_jobs as w where w.job_id = any (v_child_ids) order by w.job_id for update;

  with gone as (
    delete from taskq_private.waiting_jobs as w
    where w.job_id = any (v_child_ids)
    returning w.job_id, w.lane_id, w.attempt
  ), stored as (
    insert into taskq_private.finished_jobs (job_id, lane_id, status, attempt, outcome, finished_at, reason, error)
    select g.job_id, g.lane_id, 'cancelled', g.attempt, 'cancelled', taskq_private.clock(), 'dependency',
      taskq_private.dependency_error((v_doomed ->> g.job_id::text)::uuid)
    from gone as g
  )
  select array_agg(g.job_id), array_agg(g.lane_id) into v_job_ids, v_lane_ids from gone as g;

  perform taskq_private.record_event('job_cancelled', v_job_ids, v_lane_ids);
  return coalesce(v_job_ids, '{}');
end;
$$;
comment on function taskq_private.cancel_dependents(uuid[], taskq.dependency_condition[]) is
  'Cancels the jobs that can never run because these have ended as they did; answers which.';
--! EndIncluded 6_unblock/cancel_dependents.sql

--  7  people operate it
--  tick: everything that time does
--! Included 7_operate/tick.sql
-- Everything that time does: due jobs, lost workers, timeouts, retention. Any process may call it at any time; one gets
-- through. Bounded: what is left over is done by the next call.
-- Locks: the settings' row, which nobody but this schema's functions can hold; an advisory lock is anybody's to take.
create or replace function taskq.tick(
  out ran boolean, out promoted integer, out lost_workers integer, out expired_attempts integer, out deleted_jobs integer
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
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
  deleted_jobs := taskq_private.delete_expired(1000);
end;
$$;
comment on function taskq.tick() is
  'Does what is due: makes due jobs ready, gives the jobs of lost workers to others, ends attempts that outran their timeout, deletes what has been kept long enough. Servers and workers call it each second; pg_cron or psql may too. ran is false when another session is at it.';
--! EndIncluded 7_operate/tick.sql
--  cancel_job
--! Included 7_operate/lane_of.sql
create or replace function taskq_private.lane_of(job_id uuid)
returns integer
language plpgsql
stable
as $$
declare
  v_lane_id integer;
begin
  select s.lane_id into v_lane_id from taskq_private.job_specs as s where s.job_id = lane_of.job_id;
  if not found then
    raise exception 'no job %', job_id
      using errcode = 'TQ404', hint = 'It may have expired: finished jobs are kept for job_ttl_seconds.';
  end if;
  return v_lane_id;
end;
$$;
comment on function taskq_private.lane_of(uuid) is 'The lane of a job; raises TQ404 for one that does not exist.';
--! EndIncluded 7_operate/lane_of.sql
--! Included 7_operate/cancel_job.sql
-- pending | blocked | ready | retrying -> cancelled; a running job is asked to stop, and its worker ends it.
-- Locks: the job's row in its place, or the claim it runs under; then its dependents. Raises: TQ404, TQ409 with the state.
create or replace function taskq.cancel_job(job_id uuid, reason text default null)
returns taskq.job_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_lane_id integer := taskq_private.lane_of(cancel_job.job_id);
  v_claim taskq_private.claims;
  v_status taskq.job_status;
begin
  perform taskq_private.record_audit('cancel_job', cancel_job.job_id::text, jsonb_build_object('reason', reason));
  loop
    if taskq_private.cancel_unstarted(cancel_job.job_id, v_lane_id, reason) then
      return 'cancelled';
    end if;

    select * into v_claim from taskq_private.claims as c where c.job_ids @> array[cancel_job.job_id] for update;
    if found and v_claim.job_ids @> array[cancel_job.job_id] then
      insert into taskq_private.cancel_requests (job_id, claim_id, requested_at, requested_by, reason)
      values (cancel_job.job_id, v_claim.claim_id, taskq_private.clock(), taskq_private.actor(), reason)
      on conflict do nothing;
      perform pg_notify('taskq_cancel', v_claim.worker_id::text);
      return 'running';
    end if;

    select f.status into v_status from taskq_private.finished_jobs as f where f.job_id = cancel_job.job_id;
    if found then
      raise exception 'job % is % and cannot be cancelled', cancel_job.job_id, v_status
        using errcode = 'TQ409', detail = v_status::text, hint = 'Only jobs that have not ended can be cancelled.';
    end if;
    perform taskq_private.lane_of(cancel_job.job_id); -- raises if it was deleted; else it moved between two looks: look again
  end loop;
end;
$$;
comment on function taskq.cancel_job(uuid, text) is
  'Cancels a job that waits, and what depends on it; asks a running one to stop. Answers cancelled, or running when it was asked.';
--! EndIncluded 7_operate/cancel_job.sql
--! Included 7_operate/cancel_unstarted.sql
create or replace function taskq_private.cancel_unstarted(job_id uuid, lane_id integer, reason text)
returns boolean
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_attempt smallint;
begin
  delete from taskq_private.ready_jobs as r
  where r.lane_id = cancel_unstarted.lane_id and r.job_id = cancel_unstarted.job_id
  returning r.attempt into v_attempt;
  if not found then
    delete from taskq_private.waiting_jobs as w where w.job_id = cancel_unstarted.job_id returning w.attempt into v_attempt;
  end if;
  if not found then
    return false;
  end if;

  insert into taskq_private.finished_jobs (job_id, lane_id, status, attempt, outcome, finished_at, reason, error)
  values (
    cancel_unstarted.job_id, cancel_unstarted.lane_id, 'cancelled', v_attempt, 'cancelled', taskq_private.clock(), 'requested',
    case when cancel_unstarted.reason is not null then jsonb_build_object('message', cancel_unstarted.reason) end
  );
  perform taskq_private.record_event('job_cancelled', array[cancel_unstarted.job_id], array[cancel_unstarted.lane_id], array[v_attempt]);
  perform taskq_private.settle_dependents(array[cancel_unstarted.job_id], 'cancelled');
  return true;
end;
$$;
comment on function taskq_private.cancel_unstarted(uuid, integer, text) is 'Cancels a job that is ready or waiting; false if it is neither.';
--! EndIncluded 7_operate/cancel_unstarted.sql
--  retry_job, retry_dead_letters: a new life for what failed
--! Included 7_operate/retry_job.sql
-- failed | cancelled -> ready | blocked. A new life: the attempt number starts again, the claim_id never does.
-- Locks: its dependencies' places (lock_parents), then its finished row. Raises: TQ404, TQ409 with the state.
create or replace function taskq.retry_job(job_id uuid)
returns taskq.job_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_lane_id integer := taskq_private.lane_of(retry_job.job_id);
  v_finished taskq_private.finished_jobs;
  v_remaining integer;
begin
  perform taskq_private.lock_parents(array(
    select d.depends_on_id from taskq_private.job_dependencies as d where d.job_id = retry_job.job_id and not d.satisfied
  ));
  delete from taskq_private.finished_jobs as f
  where f.job_id = retry_job.job_id and f.status in ('failed', 'cancelled')
  returning * into v_finished;
  if not found then
    raise exception 'job % is % and cannot be retried', retry_job.job_id, taskq_private.status_of(retry_job.job_id)
      using errcode = 'TQ409', detail = taskq_private.status_of(retry_job.job_id)::text,
        hint = 'Only failed and cancelled jobs can be retried.';
  end if;
  perform taskq_private.record_audit('retry_job', retry_job.job_id::text);
  v_remaining := taskq_private.remaining_dependencies(retry_job.job_id);

  if v_finished.claim_id is not null then
    insert into taskq_private.job_attempts (job_id, claim_id, attempt, worker_id, started_at, ended_at, outcome, ended_a_life, error)
    values (
      retry_job.job_id, v_finished.claim_id, v_finished.attempt, v_finished.worker_id, v_finished.started_at, v_finished.finished_at,
      v_finished.outcome, true, v_finished.error
    );
  end if;
  if v_remaining > 0 then
    insert into taskq_private.waiting_jobs (job_id, lane_id, status, remaining_dependencies)
    values (retry_job.job_id, v_lane_id, 'blocked', v_remaining);
  else
    insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
    values (v_lane_id, retry_job.job_id, taskq_private.clock(), 1);
    perform taskq_private.hint('ready');
  end if;
  perform taskq_private.record_event('job_replayed', array[retry_job.job_id], array[v_lane_id]);
  return case when v_remaining > 0 then 'blocked' else 'ready' end;
end;
$$;
comment on function taskq.retry_job(uuid) is
  'Runs a failed or cancelled job again from its first attempt. Answers its new status: ready, or blocked if a dependency has not completed yet.';
--! EndIncluded 7_operate/retry_job.sql
--! Included 7_operate/remaining_dependencies.sql
-- The caller has locked the parents. An edge that can never be satisfied is an error here: the parent comes first.
create or replace function taskq_private.remaining_dependencies(job_id uuid)
returns integer
language plpgsql
stable
as $$
declare
  v_remaining integer;
  v_ended uuid;
begin
  select count(*), (array_agg(d.depends_on_id) filter (where f.job_id is not null))[1]
  into v_remaining, v_ended
  from taskq_private.job_dependencies as d
  left join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id
  where d.job_id = remaining_dependencies.job_id and not d.satisfied;

  if v_ended is not null then
    raise exception 'job % depends on job %, which is %', job_id, v_ended, taskq_private.status_of(v_ended)
      using errcode = 'TQ409', detail = taskq_private.status_of(v_ended)::text, hint = 'Retry that job first.';
  end if;
  return v_remaining;
end;
$$;
comment on function taskq_private.remaining_dependencies(uuid) is 'How many of its dependencies a job still waits for.';
--! EndIncluded 7_operate/remaining_dependencies.sql
--! Included 7_operate/retry_dead_letters.sql
-- failed -> ready, oldest first, bounded.
create or replace function taskq.retry_dead_letters(type text default null, queue text default null, max_jobs integer default 1000)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_job_id uuid;
  v_retried integer := 0;
begin
  for v_job_id in
    select f.job_id
    from taskq_private.finished_jobs as f
    join taskq_private.lanes as l on l.lane_id = f.lane_id
    where f.status = 'failed'
      and (retry_dead_letters.type is null or l.type = retry_dead_letters.type)
      and (retry_dead_letters.queue is null or l.queue = retry_dead_letters.queue)
    order by f.job_id
    limit max_jobs
    for update of f skip locked
  loop
    perform taskq.retry_job(v_job_id);
    v_retried := v_retried + 1;
  end loop;
  return v_retried;
end;
$$;
comment on function taskq.retry_dead_letters(text, text, integer) is
  'Runs failed jobs again, oldest first: all, or those of a type or queue, at most max_jobs a call. Answers how many; call until 0.';
--! EndIncluded 7_operate/retry_dead_letters.sql
--  discard_job, discard_dead_letters, delete_expired: what is not kept
--! Included 7_operate/discard_job.sql
-- failed -> gone, with its history. Raises: TQ404, TQ409 with the state.
create or replace function taskq.discard_job(job_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.lane_of(job_id);
  perform from taskq_private.finished_jobs as f where f.job_id = discard_job.job_id and f.status = 'failed' for update;
  if not found then
    raise exception 'job % is % and cannot be discarded', job_id, taskq_private.status_of(job_id)
      using errcode = 'TQ409', detail = taskq_private.status_of(job_id)::text, hint = 'Only dead letters, that is failed jobs, can be discarded.';
  end if;
  perform taskq_private.record_audit('discard_job', job_id::text);
  perform taskq_private.delete_jobs(array[job_id]);
end;
$$;
comment on function taskq.discard_job(uuid) is 'Deletes a failed job and all that is known of it.';
--! EndIncluded 7_operate/discard_job.sql
--! Included 7_operate/discard_dead_letters.sql
-- failed -> gone, oldest first, bounded.
create or replace function taskq.discard_dead_letters(type text default null, queue text default null, max_jobs integer default 1000)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_job_ids uuid[];
begin
  v_job_ids := array(
    select f.job_id
    from taskq_private.finished_jobs as f
    join taskq_private.lanes as l on l.lane_id = f.lane_id
    where f.status = 'failed'
      and (discard_dead_letters.type is null or l.type = discard_dead_letters.type)
      and (discard_dead_letters.queue is null or l.queue = discard_dead_letters.queue)
    order by f.job_id
    limit max_jobs
    for update of f skip locked
  );
  perform taskq_private.record_audit('discard_dead_letters', coalesce(type, queue, 'all'), to_jsonb(cardinality(v_job_ids)));
  perform taskq_private.delete_jobs(v_job_ids);
  return cardinality(v_job_ids);
end;
$$;
comment on function taskq.discard_dead_letters(text, text, integer) is
  'Deletes failed jobs, oldest first: all, or those of a type or queue, at most max_jobs a call. Answers how many; call until 0.';
--! EndIncluded 7_operate/discard_dead_letters.sql
--! Included 7_operate/delete_jobs.sql
-- Finished jobs only: the caller has locked their finished rows. Edges to them go too, settled as they are.
create or replace function taskq_private.delete_jobs(job_ids uuid[])
returns void
language plpgsql
volatile
as $$
begin
  delete from taskq_private.idempotency_keys as k
  using taskq_private.job_specs as s
  where s.job_id = any (job_ids) and s.idempotency_key = k.idempotency_key and k.job_id = s.job_id;

  delete from taskq_private.job_dependencies as d where d.job_id = any (job_ids);
  delete from taskq_private.job_dependencies as d where d.depends_on_id = any (job_ids);
  delete from taskq_private.job_logs as l where l.job_id = any (job_ids);
  delete from taskq_private.job_attempts as a where a.job_id = any (job_ids);
  delete from taskq_private.finished_jobs as f where f.job_id = any (job_ids);
  delete from taskq_private.job_specs as s where s.job_id = any (job_ids);
end;
$$;
comment on function taskq_private.delete_jobs(uuid[]) is 'Deletes finished jobs with their history.';
--! EndIncluded 7_operate/delete_jobs.sql
--! Included 7_operate/delete_expired.sql
-- Retention, in bounded batches. A job stays while one that depends on it has not ended: the child may want its result.
-- Locks: finished rows, skipping those that someone replays.
create or replace function taskq_private.delete_expired(max_jobs integer default 1000)
returns integer
language plpgsql
volatile
set enable_seqscan = off
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_settings taskq_private.settings;
  v_job_ids uuid[];
  v_first_event_id bigint;
begin
  select * into v_settings from taskq_private.settings;

  v_job_ids := array(
    select f.job_id
    from taskq_private.finished_jobs as f
    where f.finished_at < v_now - v_settings.job_ttl_seconds * interval '1 second'
      and not exists (
        select
        from taskq_private.job_dependencies as d
        where d.depends_on_id = f.job_id
          and not exists (select from taskq_private.finished_jobs as child where child.job_id = d.job_id)
      )
    order by f.finished_at
    limit max_jobs
    for update of f skip locked
  );
  perform taskq_private.delete_jobs(v_job_ids);

  -- ids and instants go together, so the oldest ones are the first
  v_first_event_id := (select e.event_id from taskq_private.job_events as e order by e.event_id limit 1);
  delete from taskq_private.job_events as e
  where e.event_id < v_first_event_id + 10000 and e.at < v_now - v_settings.event_ttl_seconds * interval '1 second';

  delete from taskq_private.workers as w
  where w.ended_at < v_now - interval '1 day' and not exists (select from taskq_private.claims as c where c.worker_id = w.worker_id);
  return cardinality(v_job_ids);
end;
$$;
comment on function taskq_private.delete_expired(integer) is 'Deletes finished jobs, events and ended workers that have been kept long enough; answers how many jobs.';
--! EndIncluded 7_operate/delete_expired.sql
--  add_dependency: a new edge, and never a cycle
--! Included 7_operate/add_dependency.sql
-- pending | ready | retrying | blocked -> blocked: a new edge for a job that has not started.
-- Locks: the graph lock, so that of two sessions adding opposite edges the second sees the first's; the parent's place; the
-- child's row. Raises: TQ404, TQ423 for the parent, TQ409 with the state, TQ425 with the cycle's members.
create or replace function taskq.add_dependency(job_id uuid, depends_on uuid)
returns taskq.job_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_lane_id integer := taskq_private.lane_of(add_dependency.job_id);
  v_parent_status taskq.job_status;
  v_place record;
begin
  if not exists (select from taskq_private.job_specs as s where s.job_id = add_dependency.depends_on) then
    perform taskq_private.raise_error(taskq_private.invalid(
      'depends_on', format('depends_on "%s" is no job', add_dependency.depends_on), 'TQ423', 'It may have expired, or its id is mistyped.'
    ));
  end if;
  perform pg_advisory_xact_lock(1952541558);
  perform taskq_private.refuse_cycle(add_dependency.job_id, add_dependency.depends_on);
  perform taskq_private.lock_parents(array[add_dependency.depends_on]);
  v_parent_status := taskq_private.status_of(add_dependency.depends_on);
  if v_parent_status in ('failed', 'cancelled') then
    raise exception 'job % is % and can never be waited for', add_dependency.depends_on, v_parent_status
      using errcode = 'TQ409', detail = v_parent_status::text, hint = 'Retry it first.';
  end if;

  v_place := taskq_private.take_unstarted(add_dependency.job_id, v_lane_id);
  insert into taskq_private.job_dependencies (job_id, depends_on_id, satisfied)
  values (add_dependency.job_id, add_dependency.depends_on, v_parent_status = 'completed')
  on conflict do nothing;
  if not found or v_parent_status = 'completed' then
    return taskq_private.put_unstarted(add_dependency.job_id, v_lane_id, v_place.attempt, v_place.due_at, v_place.remaining);
  end if;
  return taskq_private.put_unstarted(add_dependency.job_id, v_lane_id, v_place.attempt, v_place.due_at, v_place.remaining + 1);
end;
$$;
comment on function taskq.add_dependency(uuid, uuid) is
  'Makes a job that has not started wait for another one. Refuses an edge that would close a cycle, naming its members. Answers the job''s status.';
--! EndIncluded 7_operate/add_dependency.sql
--! Included 7_operate/refuse_cycle.sql
-- Walks up from the new parent, each job once: a path at a time would take for ever in a wide graph. Only when that reaches
-- the job is one path looked for. The caller holds the graph lock, so no other edge between old jobs can appear meanwhile.
create or replace function taskq_private.refuse_cycle(job_id uuid, depends_on uuid)
returns void
language plpgsql
stable
as $$
declare
  v_below uuid[];
  v_cycle uuid[] := array[refuse_cycle.job_id, refuse_cycle.depends_on];
begin
  perform from (
    with recursive up as (
      select refuse_cycle.depends_on as id
      union
      select d.depends_on_id from up as u join taskq_private.job_dependencies as d on d.job_id = u.id
    )
    select from up as u where u.id = refuse_cycle.job_id
  ) as found;
  if not found then
    return;
  end if;

  v_below := array(
    with recursive down as (
      select refuse_cycle.job_id as id
      union
      select d.job_id from down as u join taskq_private.job_dependencies as d on d.depends_on_id = u.id
    )
    select u.id from down as u
  );
  while v_cycle[cardinality(v_cycle)] <> refuse_cycle.job_id loop
    v_cycle := v_cycle || array(
      select d.depends_on_id
      from taskq_private.job_dependencies as d
      where d.job_id = v_cycle[cardinality(v_cycle)] and d.depends_on_id = any (v_below)
      order by d.depends_on_id
      limit 1
    );
  end loop;
  raise exception 'the dependency would close a cycle: %', array_to_string(v_cycle, ' -> ')
    using errcode = 'TQ425', column = 'depends_on', detail = array_to_string(v_cycle, ' '), hint = 'A job cannot wait for itself, not even through others.';
end;
$$;
comment on function taskq_private.refuse_cycle(uuid, uuid) is 'Raises TQ425 with the members of the cycle that this edge would close.';
--! EndIncluded 7_operate/refuse_cycle.sql
--! Included 7_operate/take_unstarted.sql
create or replace function taskq_private.take_unstarted(
  job_id uuid, lane_id integer, out attempt smallint, out due_at timestamptz, out remaining integer
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
    returning r.attempt, null, 0 into attempt, due_at, remaining;
    exit when found;
    delete from taskq_private.waiting_jobs as w
    where w.job_id = take_unstarted.job_id
    returning w.attempt, w.due_at, w.remaining_dependencies into attempt, due_at, remaining;
    exit when found;

    perform taskq_private.lane_of(take_unstarted.job_id); -- raises if it was deleted
    v_status := taskq_private.status_of(take_unstarted.job_id);
    if v_status in ('running', 'completed', 'failed', 'cancelled') then
      raise exception 'job % is % and has started', take_unstarted.job_id, v_status
        using errcode = 'TQ409', detail = v_status::text, hint = 'Only a job that has not started can be changed.';
    end if; -- else it moved between two looks: look again
  end loop;
end;
$$;
comment on function taskq_private.take_unstarted(uuid, integer) is 'Takes a job that has not started out of its place; raises TQ409 for one that has.';
--! EndIncluded 7_operate/take_unstarted.sql
--! Included 7_operate/put_unstarted.sql
create or replace function taskq_private.put_unstarted(
  job_id uuid, lane_id integer, attempt smallint, due_at timestamptz, remaining integer
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
    insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt) values (lane_id, job_id, v_now, attempt);
    perform taskq_private.hint('ready');
  else
    insert into taskq_private.waiting_jobs (job_id, lane_id, status, due_at, remaining_dependencies, attempt)
    values (job_id, lane_id, v_status, due_at, remaining, attempt);
  end if;
  return v_status;
end;
$$;
comment on function taskq_private.put_unstarted(uuid, integer, smallint, timestamptz, integer) is 'Puts a job that has not started into the place that it belongs to; answers its status.';
--! EndIncluded 7_operate/put_unstarted.sql
--  pause_queue, resume_queue, set_queue_aging, drain_worker, configure
--! Included 7_operate/check_queue_name.sql
create or replace function taskq_private.check_queue_name(queue text)
returns void
language plpgsql
stable
as $$
begin
  if (queue ~ '^[A-Za-z0-9_.:-]{1,100}$') is not true then
    perform taskq_private.raise_error(taskq_private.invalid('queue', 'queue must be a queue name of A-Z a-z 0-9 _ . : -, at most 100 characters'));
  end if;
end;
$$;
comment on function taskq_private.check_queue_name(text) is 'Raises TQ422 for what cannot be the name of a queue.';
--! EndIncluded 7_operate/check_queue_name.sql
--! Included 7_operate/record_queue_event.sql
create or replace function taskq_private.record_queue_event(event text, queue text)
returns void
language plpgsql
volatile
as $$
begin
  insert into taskq_private.job_events (at, event, job_ids, lane_ids, queue)
  values (taskq_private.clock(), event, '{}', '{}', queue);
  perform taskq_private.hint('events');
end;
$$;
comment on function taskq_private.record_queue_event(text, text) is 'Writes what happened to a queue into the stream.';
--! EndIncluded 7_operate/record_queue_event.sql
--! Included 7_operate/pause_queue.sql
create or replace function taskq.pause_queue(queue text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_queue_name(pause_queue.queue);
  insert into taskq_private.queues as q (queue, created_at, paused_at, paused_by)
  values (pause_queue.queue, taskq_private.clock(), taskq_private.clock(), taskq_private.actor())
  on conflict on constraint pk_queues do update
  set paused_at = coalesce(q.paused_at, excluded.paused_at), paused_by = coalesce(q.paused_by, excluded.paused_by);
  perform taskq_private.record_audit('pause_queue', pause_queue.queue);
  perform taskq_private.record_queue_event('queue_paused', pause_queue.queue);
end;
$$;
comment on function taskq.pause_queue(text) is 'Stops claims from a queue; what runs goes on, submits are accepted.';
--! EndIncluded 7_operate/pause_queue.sql
--! Included 7_operate/resume_queue.sql
-- Raises: TQ404 for a queue that nobody named.
create or replace function taskq.resume_queue(queue text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update taskq_private.queues as q set paused_at = null, paused_by = null where q.queue = resume_queue.queue;
  if not found then
    raise exception 'no queue "%"', resume_queue.queue using errcode = 'TQ404', hint = 'select * from taskq.queues lists them.';
  end if;
  perform taskq_private.record_audit('resume_queue', resume_queue.queue);
  perform taskq_private.record_queue_event('queue_resumed', resume_queue.queue);
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq.resume_queue(text) is 'Lets claims from a queue go on.';
--! EndIncluded 7_operate/resume_queue.sql
--! Included 7_operate/set_queue_aging.sql
create or replace function taskq.set_queue_aging(queue text, aging_seconds integer)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_queue_name(set_queue_aging.queue);
  insert into taskq_private.queues as q (queue, created_at, aging_seconds)
  values (set_queue_aging.queue, taskq_private.clock(), set_queue_aging.aging_seconds)
  on conflict on constraint pk_queues do update set aging_seconds = excluded.aging_seconds;
  perform taskq_private.record_audit('set_queue_aging', set_queue_aging.queue, to_jsonb(set_queue_aging.aging_seconds));
end;
$$;
comment on function taskq.set_queue_aging(text, integer) is
  'Lets waiting weigh against priority in a queue: so many seconds of waiting are worth one level. Null for strict priority.';
--! EndIncluded 7_operate/set_queue_aging.sql
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
  perform taskq_private.record_audit('drain_worker', worker_id::text);
end;
$$;
comment on function taskq.drain_worker(uuid) is 'Lets a worker finish what it has and take nothing new.';
--! EndIncluded 7_operate/drain_worker.sql
--! Included 7_operate/configure.sql
create or replace function taskq.configure(
  default_max_attempts integer default null,
  default_timeout_seconds integer default null,
  job_ttl_seconds integer default null,
  event_ttl_seconds integer default null,
  worker_lost_seconds integer default null
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
    worker_lost_seconds = coalesce(configure.worker_lost_seconds, s.worker_lost_seconds)
  returning to_jsonb(s) - 'only_row' into v_settings;
  perform taskq_private.record_audit('configure', 'settings', v_settings);
  return v_settings;
end;
$$;
comment on function taskq.configure(integer, integer, integer, integer, integer) is
  'Changes settings that are given and answers them all: attempts and timeout of jobs that name none, how long finished jobs and events are kept, when a silent worker is lost. Example: select taskq.configure(job_ttl_seconds => 604800).';
--! EndIncluded 7_operate/configure.sql
--  create_api_key, revoke_api_key, authenticate: who is at the network doors
--! Included 7_operate/create_api_key.sql
-- The secret is shown once; only its hash is kept.
create or replace function taskq.create_api_key(name text, role text default 'taskq_client', expires_at timestamptz default null)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_key_id text := substr(replace(gen_random_uuid()::text, '-', ''), 1, 12);
  v_secret text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
  insert into taskq_private.api_keys (key_id, secret_hash, name, role, created_at, expires_at)
  values (v_key_id, sha256(convert_to(v_secret, 'UTF8')), name, role, taskq_private.clock(), expires_at);
  perform taskq_private.record_audit('create_api_key', v_key_id, jsonb_build_object('name', name, 'role', role));
  return format('taskq_%s_%s', v_key_id, v_secret);
end;
$$;
comment on function taskq.create_api_key(text, text, timestamptz) is
  'Makes a key for the network doors and answers it, this once: taskq_<id>_<secret>. role is taskq_reader, taskq_client, taskq_operator or taskq_admin.';
--! EndIncluded 7_operate/create_api_key.sql
--! Included 7_operate/revoke_api_key.sql
-- Raises: TQ404.
create or replace function taskq.revoke_api_key(key_id text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update taskq_private.api_keys as k
  set revoked_at = coalesce(k.revoked_at, taskq_private.clock())
  where k.key_id = revoke_api_key.key_id;
  if not found then
    raise exception 'no api key %', key_id using errcode = 'TQ404', hint = 'Give the part between the two underscores.';
  end if;
  perform taskq_private.record_audit('revoke_api_key', key_id);
end;
$$;
comment on function taskq.revoke_api_key(text) is 'Ends a key at once, by its id: the part between the two underscores.';
--! EndIncluded 7_operate/revoke_api_key.sql
--! Included 7_operate/authenticate.sql
-- Called by the server before it acts for a caller. Both parts are compared as hashes, in constant time for their length.
create or replace function taskq.authenticate(api_key text, out name text, out role text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_key taskq_private.api_keys;
begin
  select * into v_key
  from taskq_private.api_keys as k
  where k.key_id = split_part(api_key, '_', 2)
    and k.secret_hash = sha256(convert_to(split_part(api_key, '_', 3), 'UTF8'))
    and split_part(api_key, '_', 1) = 'taskq'
    and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > v_now);
  if not found then
    raise exception 'the api key is not valid' using errcode = 'TQ401', hint = 'Send Authorization: Bearer taskq_<id>_<secret> with a key that has not expired.';
  end if;
  if v_key.last_used_at is null or v_key.last_used_at < v_now - interval '1 minute' then
    update taskq_private.api_keys as k set last_used_at = v_now where k.key_id = v_key.key_id;
  end if;
  name := v_key.name;
  role := v_key.role;
end;
$$;
comment on function taskq.authenticate(text) is 'Whose key this is and which role it has; raises TQ401 for one that is not valid.';
--! EndIncluded 7_operate/authenticate.sql
--! Included 7_operate/has_api_key.sql
create or replace function taskq.has_api_key()
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from taskq_private.api_keys as k where k.revoked_at is null and (k.expires_at is null or k.expires_at > taskq_private.clock())
  );
$$;
comment on function taskq.has_api_key() is 'Whether any key is valid: a server that others can reach does not start without one.';
--! EndIncluded 7_operate/has_api_key.sql

--  8  people look
--  places, status_of: where each job is
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
create or replace function taskq_private.status_of(job_id uuid)
returns taskq.job_status
language sql
stable
as $$
  select coalesce(
    (select f.status from taskq_private.finished_jobs as f where f.job_id = status_of.job_id),
    (select w.status from taskq_private.waiting_jobs as w where w.job_id = status_of.job_id),
    (
      select 'ready'::taskq.job_status
      from taskq_private.job_specs as s
      join taskq_private.ready_jobs as r on r.lane_id = s.lane_id and r.job_id = s.job_id
      where s.job_id = status_of.job_id
    ),
    (select 'running'::taskq.job_status from taskq_private.claims as c where c.job_ids @> array[status_of.job_id] limit 1)
  );
$$;
comment on function taskq_private.status_of(uuid) is 'Where a job is; null if it is nowhere.';
--! EndIncluded 8_read/status_of.sql
--  jobs, get_job, job_executions, job_logs, dead_letters
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
  s.trace_context
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
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_job jsonb;
begin
  select to_jsonb(j) || jsonb_build_object(
    'depends_on', array(select d.depends_on_id from taskq_private.job_dependencies as d where d.job_id = j.job_id order by d.depends_on_id),
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
comment on function taskq.get_job(uuid) is 'One job as JSON: the columns of taskq.jobs, the ids it depends on, its progress, and when it was asked to stop.';
--! EndIncluded 8_read/get_job.sql
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
--  list_jobs, count_jobs: pages under any filter
--! Included 8_read/merged_places.sql
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
        where j.lane_id = l.id and j.status = s.status and j.job_id < newest and j.job_id >= oldest
        order by j.job_id desc limit max_rows
      ) as f
      where s.status in ('completed', 'failed', 'cancelled')
      union all
      select w.job_id
      from unnest(lane_ids) as l (id)
      cross join unnest(statuses) as s (status)
      cross join lateral (
        select j.job_id from taskq_private.waiting_jobs as j
        where j.lane_id = l.id and j.status = s.status and j.job_id < newest and j.job_id >= oldest
        order by j.job_id desc limit max_rows
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
--! Included 8_read/matching_job_ids.sql
-- Ids that match the filters, newest first. Each place shows the first rows of each lane from an index, and these are
-- merged: the cost follows the page and the number of lanes, not the number of jobs. Filters on what only the spec knows
-- start from the spec's own indexes.
create or replace function taskq_private.matching_job_ids(
  status taskq.job_status[], type text[], queue text[], priority smallint[], newest uuid, oldest uuid,
  run_at_from timestamptz, run_at_to timestamptz, metadata jsonb, max_rows integer
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
begin
  if metadata is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.metadata @> matching_job_ids.metadata
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest
        and (run_at_from is null or s.run_at >= run_at_from) and (run_at_to is null or s.run_at < run_at_to)
        and (matching_job_ids.status is null or taskq_private.status_of(s.job_id) = any (v_statuses))
      order by s.job_id desc
      limit max_rows;
  elsif run_at_from is not null or run_at_to is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.run_at >= coalesce(run_at_from, '-infinity') and s.run_at < coalesce(run_at_to, 'infinity')
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest
        and (matching_job_ids.status is null or taskq_private.status_of(s.job_id) = any (v_statuses))
      order by s.job_id desc
      limit max_rows;
  else
    return query select m.job_id from taskq_private.merged_places(v_lane_ids, v_statuses, newest, oldest, max_rows) as m;
  end if;
end;
$$;
comment on function taskq_private.matching_job_ids(
  taskq.job_status[], text[], text[], smallint[], uuid, uuid, timestamptz, timestamptz, jsonb, integer
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
      run_at_from, run_at_to, metadata, least(greatest(max_rows, 1), 1000)
    ) as m (job_id)
  );
  return query
    select j.* from taskq.jobs as j where j.job_id = any (v_job_ids) order by j.job_id desc;
end;
$$;
comment on function taskq.list_jobs(
  taskq.job_status[], text[], text[], smallint[], timestamptz, timestamptz, timestamptz, timestamptz, jsonb, uuid, integer
) is
  'Jobs that match every filter given, newest first, at most max_rows (1000). metadata matches jobs whose metadata contains it. For the next page give the last job_id as before. Example: select job_id, type, status from taskq.list_jobs(status => ''{failed}'', max_rows => 10).';
--! EndIncluded 8_read/list_jobs.sql
--! Included 8_read/count_jobs.sql
create or replace function taskq.count_jobs(
  status taskq.job_status[] default null,
  type text[] default null,
  queue text[] default null,
  priority smallint[] default null,
  created_from timestamptz default null,
  created_to timestamptz default null,
  run_at_from timestamptz default null,
  run_at_to timestamptz default null,
  metadata jsonb default null
)
returns bigint
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select count(*)
  from taskq_private.matching_job_ids(
    status, type, queue, priority,
    coalesce(taskq_private.job_id_floor(created_to), 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
    coalesce(taskq_private.job_id_floor(created_from), '00000000-0000-0000-0000-000000000000'),
    run_at_from, run_at_to, metadata, null
  );
$$;
comment on function taskq.count_jobs(
  taskq.job_status[], text[], text[], smallint[], timestamptz, timestamptz, timestamptz, timestamptz, jsonb
) is 'How many jobs match every filter given. Counts each one: ask only when someone wants to know.';
--! EndIncluded 8_read/count_jobs.sql
--  queues, workers, task_types
--! Included 8_read/task_types.sql
create or replace view taskq.task_types as
select t.type, t.description, t.payload_schema, t.cpu_units, t.memory_mb, t.timeout_seconds, t.max_attempts, t.registered_at
from taskq_private.task_types as t;
comment on view taskq.task_types is 'The job types that may be submitted, with the JSON Schema of their payload and their defaults.';
--! EndIncluded 8_read/task_types.sql
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
  select count(*) as jobs, min(head.ready_at) as oldest
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
  w.ended_at
from taskq_private.workers as w
left join lateral (
  select count(*) as jobs, sum(l.cpu_units) as cpu_units, sum(l.memory_mb) as memory_mb
  from taskq_private.claims as c
  cross join unnest(c.lane_ids) as u (lane_id)
  join taskq_private.lanes as l on l.lane_id = u.lane_id
  where c.worker_id = w.worker_id
) as held on true;
comment on view taskq.workers is 'The workers: what each can carry, what it has been granted, what its machine really uses.';
--! EndIncluded 8_read/workers.sql
--  explain_job: why is it not running?
--! Included 8_read/explain_lane.sql
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

  select count(*), count(*) filter (where w.cpu_units >= v_lane.cpu_units and w.memory_mb >= v_lane.memory_mb)
  into v_serving, v_large_enough
  from taskq_private.workers as w
  where w.status = 'active' and v_lane.type = any (w.types) and (w.queues is null or v_lane.queue = any (w.queues));
  if v_serving = 0 then
    return query select 'no_worker_for_type', format('No live worker runs type %s of queue %s.', v_lane.type, v_lane.queue), jsonb_build_object('type', v_lane.type, 'queue', v_lane.queue);
  elsif v_large_enough = 0 then
    return query
      select 'larger_than_every_worker', format('It asks for %s cpu and %s MB, more than any live worker has.', trim_scale(v_lane.cpu_units), v_lane.memory_mb),
        jsonb_build_object('cpu_units', v_lane.cpu_units, 'memory_mb', v_lane.memory_mb);
  elsif explain_lane.ready_at is not null then
    return query
      select 'waiting_for_capacity', format('It is ready and number %s in its lane.', count(*) + 1), jsonb_build_object('place_in_line', count(*) + 1)
      from (
        select from taskq_private.ready_jobs as r
        where r.lane_id = explain_lane.lane_id and (r.ready_at, r.job_id) < (explain_lane.ready_at, explain_lane.job_id)
        limit 10000
      ) as before;
  end if;
end;
$$;
comment on function taskq_private.explain_lane(integer, timestamptz, uuid) is 'What keeps jobs of a lane from being claimed as things stand.';
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
      select 'blocked_by', format('It waits for %s jobs.', count(*)), jsonb_build_object('job_ids', (array_agg(d.depends_on_id order by d.depends_on_id))[1:100])
      from taskq_private.job_dependencies as d
      where d.job_id = explain_job.job_id and not d.satisfied;
  end if;
  if v_place.due_at > taskq_private.clock() then
    return query select 'waiting_until', format('It waits until %s.', v_place.due_at), jsonb_build_object('due_at', v_place.due_at, 'attempt', v_place.attempt);
  end if;
  if v_place.status in ('pending', 'blocked', 'ready', 'retrying') then
    return query select e.code, e.message, e.details from taskq_private.explain_lane(v_lane_id, v_place.ready_at, explain_job.job_id) as e;
  end if;
end;
$$;
comment on function taskq.explain_job(uuid) is
  'Why a job is not running: every reason with a code (waiting_until, blocked_by, queue_paused, no_worker_for_type, larger_than_every_worker, waiting_for_capacity), a sentence, and details.';
--! EndIncluded 8_read/explain_job.sql
--  read_events, stream_position, late_events: the stream
--! Included 8_read/read_events.sql
-- For readers of the stream. Event ids become visible out of order, so a reader asks for what is after its position and for
-- the ids that it has not seen yet; an id still missing when no transaction older than `next_xid` (as of when it was first
-- missed) is under way, that is when `horizon` has passed it, will never come.
create or replace function taskq.read_events(since bigint, missing bigint[] default '{}', max_events integer default 500)
returns json
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  with batch as (
    (select e.* from taskq_private.job_events as e where e.event_id > since order by e.event_id limit max_events)
    union all
    select e.* from taskq_private.job_events as e where e.event_id = any (missing)
  )
  select json_build_object(
    'horizon', pg_snapshot_xmin(pg_current_snapshot())::text,
    'next_xid', pg_snapshot_xmax(pg_current_snapshot())::text,
    'events', coalesce((
      select json_agg(json_build_object(
        'id', b.event_id, 'at', b.at, 'event', b.event, 'queue', b.queue,
        'jobs', (
          select json_agg(json_build_object(
            'job_id', u.job_id, 'type', l.type, 'queue', l.queue, 'priority', l.priority, 'attempt', u.attempt, 'data', u.data
          ) order by u.position)
          from rows from (unnest(b.job_ids), unnest(b.lane_ids), unnest(b.attempts), jsonb_array_elements(b.data))
            with ordinality as u (job_id, lane_id, attempt, data, position)
          join taskq_private.lanes as l on l.lane_id = u.lane_id
        )
      ) order by b.event_id)
      from batch as b
    ), '[]')
  );
$$;
comment on function taskq.read_events(bigint, bigint[], integer) is
  'Events after a position, and missing ones that have come since, as {"horizon", "next_xid", "events": [{"id", "at", "event", "queue", "jobs": [...]}]}.';
--! EndIncluded 8_read/read_events.sql
--! Included 8_read/stream_position.sql
create or replace function taskq.stream_position(out last_event_id bigint, out first_event_id bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(max(e.event_id), 0), coalesce(min(e.event_id), 0) from taskq_private.job_events as e;
$$;
comment on function taskq.stream_position() is 'The newest and the oldest event that can be read.';
--! EndIncluded 8_read/stream_position.sql
--! Included 8_read/late_events.sql
-- An event may commit after one with a higher id was delivered. Whoever resumes after id N may have missed those whose
-- transaction was under way when N was written; they are delivered again. So is N itself if it tells of several jobs: its
-- reader may have got only some of them.
create or replace function taskq.late_events(since bigint)
returns bigint[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select array(
    select e.event_id
    from taskq_private.job_events as e
    where e.event_id <= since
      and e.event_id > since - 10000
      and (e.event_id <> since or cardinality(e.job_ids) > 1)
      and e.xid >= (select o.horizon from taskq_private.job_events as o where o.event_id = since)
    order by e.event_id
  );
$$;
comment on function taskq.late_events(bigint) is 'The events before this one that its reader may not have seen.';
--! EndIncluded 8_read/late_events.sql
--  check_invariants: what must hold
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
  select format('job %s is %s with unsatisfied dependency %s', p.job_id, p.status, d.depends_on_id)
  from taskq_private.places as p join taskq_private.job_dependencies as d on d.job_id = p.job_id
  where not d.satisfied and p.status not in ('blocked', 'cancelled')
  union all
  select format('worker %s holds %s cpu of %s and %s MB of %s', w.name, w.granted_cpu_units, w.cpu_units, w.granted_memory_mb, w.memory_mb)
  from taskq.workers as w where w.granted_cpu_units > w.cpu_units or w.granted_memory_mb > w.memory_mb
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

--  9  who may do what
--! Included 9_grants.sql
-- Who may do what: exposure is a grant, by audience. Functions are never PUBLIC (default privileges of migration 1).

grant usage on schema taskq to taskq_reader, taskq_client, taskq_worker;
grant usage on type taskq.job_status, taskq.attempt_outcome, taskq.log_level, taskq.worker_status,
  taskq.dependency_condition, taskq.dependency_failure_policy to taskq_reader, taskq_client, taskq_worker;

-- who looks
grant select on
  taskq.jobs, taskq.job_executions, taskq.job_logs, taskq.dead_letters, taskq.task_types, taskq.queues, taskq.workers
to taskq_reader;
grant execute on function
  taskq.get_job, taskq.list_jobs, taskq.count_jobs, taskq.explain_job, taskq.parent_results,
  taskq.read_events, taskq.stream_position, taskq.late_events
to taskq_reader;

-- who submits

grant execute on function
  taskq.submit_job, taskq.submit_jobs, taskq.submit_each, taskq.add_dependency, taskq.cancel_job
to taskq_client;

-- who runs jobs; sees none but those it claims
grant execute on function
  taskq.register_worker, taskq.register_task_types, taskq.hold_worker_session, taskq.claim_next_job, taskq.heartbeat, taskq.log_jobs,
  taskq.report_progress, taskq.parent_results, taskq.complete_job, taskq.fail_job, taskq.stop_worker, taskq.release_unknown_claims,
  taskq.tick
to taskq_worker;

-- who operates
grant execute on function
  taskq.retry_job, taskq.retry_dead_letters, taskq.discard_job, taskq.discard_dead_letters, taskq.pause_queue, taskq.resume_queue,
  taskq.set_queue_aging, taskq.drain_worker, taskq.tick, taskq.authenticate, taskq.has_api_key
to taskq_operator;

-- who administers
grant execute on function taskq.configure, taskq.create_api_key, taskq.revoke_api_key to taskq_admin;
--! EndIncluded 9_grants.sql
--! EndIncluded index.sql

reset role;
