--! Previous: sha1:2b31efa1135b714105aa0a5d66ce4ca3b671fd9c
--! Hash: sha1:8cf55c2d65b3443dc437980c591f438520cbef25

--! split: 1-current.sql
-- Graphs of jobs: workflows, edges with conditions through every door, and large fan-outs in chunks.
set local role taskq_owner;

-- what changes its shape is made anew below
drop function
  taskq.submit_jobs, taskq.submit_job, taskq.add_dependency, taskq.retry_job, taskq.retry_dead_letters, taskq.list_jobs, taskq.count_jobs,
  taskq.parent_results, taskq_private.matching_job_ids, taskq_private.dependency_ids, taskq_private.resolve_dependencies,
  taskq_private.unblock_dependents, taskq_private.cancel_dependents, taskq_private.settle_dependents, taskq_private.dependency_error,
  taskq_private.cancel_unstarted, taskq_private.remaining_dependencies, taskq_private.take_unstarted, taskq_private.put_unstarted, taskq_private.store_jobs, taskq.tick;

update taskq_private.request_fields
set pattern = '^(cancel|hold)$', description = 'cancel or hold'
where field = 'on_dependency_failure';
update taskq_private.request_fields
set description = 'a list of at most 10000 job ids or {"job", "condition"}'
where field = 'depends_on';

alter type taskq_private.submission add attribute on_dependency_failure taskq.dependency_failure_policy;
alter type taskq_private.submission add attribute workflow_id uuid;
alter type taskq_private.submission add attribute conditions taskq.dependency_condition[];

create type taskq_private.graph_node as (
  job_id uuid,
  name text,
  type text,
  status taskq.job_status,
  reason text,
  attempt smallint,
  started_at timestamptz,
  finished_at timestamptz,
  seconds double precision,
  is_outside boolean
);
comment on type taskq_private.graph_node is 'A job in the drawing of its graph.';

drop index taskq_private.index_job_dependencies_depends_on_id;
create index index_job_dependencies_dependents on taskq_private.job_dependencies (depends_on_id, job_id);
create index index_job_specs_workflow_id on taskq_private.job_specs (workflow_id, job_id) where workflow_id is not null;

create table taskq_private.unsettled_jobs (
  job_id uuid constraint pk_unsettled_jobs primary key,
  status taskq.job_status not null,
  after_id uuid,
  revives boolean not null default false,
  constraint check_unsettled_jobs_status check (status in ('completed', 'failed', 'cancelled', 'ready'))
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
comment on table taskq_private.unsettled_jobs is 'Jobs with more dependents than one transaction should touch: the rest are told in chunks, by claims and ticks.';
comment on column taskq_private.unsettled_jobs.job_id is 'The job that ended, or was replayed.';
comment on column taskq_private.unsettled_jobs.status is 'How it ended; ready when it was replayed with its dependents.';
comment on column taskq_private.unsettled_jobs.after_id is 'Its dependents up to this one have been told; null when none has.';
comment on column taskq_private.unsettled_jobs.revives is 'Whether it was replayed with its dependents, and these have yet to come back.';

create type taskq.workflow_status as enum ('running', 'completed', 'failed', 'cancelled');
comment on type taskq.workflow_status is
  'A workflow is running until its last job has ended; then failed if a job failed, cancelled if it or one of its jobs was cancelled, else completed.';

create table taskq_private.workflows (
  workflow_id uuid constraint pk_workflows primary key,
  name text not null,
  status taskq.workflow_status not null default 'running',
  job_count integer not null default 0,
  completed_count integer not null default 0,
  failed_count integer not null default 0,
  cancelled_count integer not null default 0,
  skipped_count integer not null default 0,
  created_at timestamptz not null,
  created_by text not null,
  finished_at timestamptz,
  cancel_requested_at timestamptz,
  cancel_reason text,
  cancelled_down_to uuid,
  idempotency_key text,
  request_hash bytea,
  metadata jsonb,
  constraint unique_workflows_idempotency_key unique (idempotency_key),
  constraint check_workflows_name check (length(name) between 1 and 200)
) with (fillfactor = 70);
create index index_workflows_name on taskq_private.workflows (name, workflow_id);
create index index_workflows_status on taskq_private.workflows (status, workflow_id);
comment on table taskq_private.workflows is 'Graphs of jobs that were submitted in one call under a name.';
comment on column taskq_private.workflows.workflow_id is 'Uuid v7 made from created_at, so ids sort by time.';
comment on column taskq_private.workflows.name is 'A name for people; any number of workflows may have it.';
comment on column taskq_private.workflows.status is 'Its status as of the counts here; what workflow_counts holds comes on top.';
comment on column taskq_private.workflows.job_count is 'How many jobs it was submitted with.';
comment on column taskq_private.workflows.completed_count is 'How many have completed.';
comment on column taskq_private.workflows.failed_count is 'How many have failed.';
comment on column taskq_private.workflows.cancelled_count is 'How many were cancelled, by someone or because another job failed or was cancelled.';
comment on column taskq_private.workflows.skipped_count is 'How many were cancelled because all went well: a handler of failures that was not needed.';
comment on column taskq_private.workflows.created_at is 'When it was submitted.';
comment on column taskq_private.workflows.created_by is 'Who submitted it.';
comment on column taskq_private.workflows.finished_at is 'When its last job ended; null while it runs.';
comment on column taskq_private.workflows.cancel_requested_at is 'When someone cancelled it.';
comment on column taskq_private.workflows.cancel_reason is 'Why, in their words.';
comment on column taskq_private.workflows.cancelled_down_to is 'Its jobs from this one on have been cancelled, those before it follow in chunks; null when nothing is left to cancel.';
comment on column taskq_private.workflows.idempotency_key is 'The key under which a second submit finds this workflow.';
comment on column taskq_private.workflows.request_hash is 'SHA-256 of the request, to tell a repeat from another request under the same key.';
comment on column taskq_private.workflows.metadata is 'Free labels.';
create index index_workflows_cancelling on taskq_private.workflows (workflow_id) where cancelled_down_to is not null;

create table taskq_private.workflow_counts (
  workflow_id uuid not null,
  count_id bigint generated always as identity constraint pk_workflow_counts primary key,
  completed_count integer not null,
  failed_count integer not null,
  cancelled_count integer not null,
  skipped_count integer not null,
  at timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
create index index_workflow_counts_workflow_id on taskq_private.workflow_counts (workflow_id);
comment on table taskq_private.workflow_counts is 'Ends of jobs not yet added to their workflow: transactions only insert here, so none waits for another; tick() adds them up.';
comment on column taskq_private.workflow_counts.workflow_id is 'The workflow.';
comment on column taskq_private.workflow_counts.count_id is 'Order.';
comment on column taskq_private.workflow_counts.completed_count is 'How many more have completed.';
comment on column taskq_private.workflow_counts.failed_count is 'How many more have failed; below zero after a replay.';
comment on column taskq_private.workflow_counts.cancelled_count is 'How many more were cancelled.';
comment on column taskq_private.workflow_counts.skipped_count is 'How many more were skipped.';
comment on column taskq_private.workflow_counts.at is 'When the last of them ended.';

alter table taskq_private.job_events add column workflow_id uuid;
comment on column taskq_private.job_events.workflow_id is 'The workflow, of an event of a workflow.';

--! Included 0_base/raise_error.sql
-- Raises an error that was found as a value: {"code", "message", "field", "hint", "job_id", "members"}. The register is docs/errors.md.
create or replace function taskq_private.raise_error(error jsonb)
returns void
language plpgsql
immutable
as $$
begin
  raise exception using
    errcode = error ->> 'code',
    message = error ->> 'message',
    detail = coalesce(error ->> 'members', error ->> 'job_id', 'Field: ' || (error ->> 'field')),
    hint = coalesce(error ->> 'hint', 'Mend this field and submit again.'),
    column = error ->> 'field';
end;
$$;
comment on function taskq_private.raise_error(jsonb) is 'Raises an error given as {"code", "message", "field", "hint"}.';
--! EndIncluded 0_base/raise_error.sql
--! Included 0_base/satisfies.sql
create or replace function taskq_private.satisfies(status taskq.job_status, condition taskq.dependency_condition)
returns boolean
language sql
immutable
as $$
  select case condition
    when 'success' then status = 'completed'
    when 'failure' then status = 'failed'
    else status in ('completed', 'failed', 'cancelled')
  end;
$$;
comment on function taskq_private.satisfies(taskq.job_status, taskq.dependency_condition) is
  'Whether a job that has ended like this is what an edge with this condition asks for; null for one that has not ended.';
--! EndIncluded 0_base/satisfies.sql
--! Included 0_base/record_queue_event.sql
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
--! EndIncluded 0_base/record_queue_event.sql
--! Included 0_base/record_workflow_event.sql
create or replace function taskq_private.record_workflow_event(event text, workflow_id uuid)
returns void
language plpgsql
volatile
as $$
begin
  insert into taskq_private.job_events (at, event, job_ids, lane_ids, workflow_id)
  values (taskq_private.clock(), event, '{}', '{}', workflow_id);
  perform taskq_private.hint('events');
end;
$$;
comment on function taskq_private.record_workflow_event(text, uuid) is 'Writes what happened to a workflow into the stream.';
--! EndIncluded 0_base/record_workflow_event.sql
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
    coalesce(r.on_dependency_failure, 'cancel')::taskq.dependency_failure_policy, null::uuid, null::taskq.dependency_condition[]
  from (
    select e.ordinality, e.value as request, b.error
    from jsonb_array_elements(requests) with ordinality as e (value, ordinality)
    left join taskq_private.check_requests(requests) as b on b.ordinal = e.ordinality
  ) as q
  cross join taskq_private.settings as d
  cross join lateral jsonb_to_record(case when q.error is null then q.request else '{}' end) as r (
    type text, queue text, priority text, payload jsonb, run_at text, timeout_seconds numeric, idempotency_key text, metadata jsonb,
    name text, created_by text, trace_context text, depends_on jsonb, on_dependency_failure text, resource_requirements jsonb, retry_config jsonb
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
--! Included 1_submit/read_dependencies.sql
-- What each job depends on, as ids. In a graph a job may be named that is submitted in the same call; everywhere else, and
-- for names that the graph does not have, it is an id. Maps are jsonb objects: a look-up costs log n whatever the planner thinks.
create or replace function taskq_private.read_dependencies(jobs taskq_private.submission[], requests jsonb, is_graph boolean)
returns taskq_private.submission[]
language plpgsql
volatile
as $$
declare
  v_jobs taskq_private.submission[] := jobs;
  v_ids jsonb := '{}';
  v_settled jsonb := (select coalesce(jsonb_object_agg(j.ordinal, true), '{}') from unnest(jobs) as j where j.error is not null or j.repeated);
  v_job taskq_private.submission;
  v_found record;
begin
  if is_graph then
    v_ids := (select coalesce(jsonb_object_agg(j.name, j.job_id) filter (where j.name is not null), '{}') from unnest(jobs) as j);
  end if;
  for v_found in
    with edge as (
      select distinct q.ordinality as ordinal, i.id, coalesce(d.value ->> 'condition', 'success')::taskq.dependency_condition as condition,
        case when i.id is null then r.ref end as unknown
      from jsonb_array_elements(requests) with ordinality as q (value, ordinality)
      cross join lateral jsonb_array_elements(case when jsonb_typeof(q.value -> 'depends_on') = 'array' then q.value -> 'depends_on' end) as d
      cross join lateral (select coalesce(d.value ->> 'job', d.value #>> '{}')) as r (ref)
      cross join lateral (
        select coalesce(v_ids ->> r.ref, case when r.ref ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then r.ref end)::uuid
      ) as i (id)
      where not v_settled ? q.ordinality::text
    )
    select e.ordinal, array_agg(e.id) as ids, array_agg(e.condition) as conditions, min(e.unknown) as unknown,
      count(distinct e.id) < count(e.id) as is_twice
    from edge as e
    group by e.ordinal
  loop
    v_job := v_jobs[v_found.ordinal];
    v_job.depends_on := v_found.ids;
    v_job.conditions := v_found.conditions;
    v_job.remaining_dependencies := cardinality(v_found.ids);
    v_job.error := case
      when v_found.unknown is not null then
        taskq_private.invalid(
          'depends_on',
          format(case when is_graph then 'depends_on "%s" is neither a name in this call nor a job id' else 'depends_on "%s" is not a job id' end, left(v_found.unknown, 200)),
          'TQ423', case when is_graph then 'Give the name of a job of this call, or an id that submitting answered.' else 'Give the ids that submitting answered.' end
        )
      when v_found.is_twice then taskq_private.invalid('depends_on', 'depends_on names one job twice', 'TQ422', 'Give one condition for each job.')
    end;
    v_jobs[v_found.ordinal] := v_job;
  end loop;
  return v_jobs;
end;
$$;
comment on function taskq_private.read_dependencies(taskq_private.submission[], jsonb, boolean) is
  'Reads what each submission depends on, by id or by the name of another of the same graph.';
--! EndIncluded 1_submit/read_dependencies.sql
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
    exit when (select count(*) from taskq_private.job_specs as s where s.job_id = any (parent_ids))
      <= (select count(*) from (select unnest(v_locked) intersect select unnest(parent_ids)) as found);
  end loop;
end;
$$;
comment on function taskq_private.lock_parents(uuid[]) is 'Keeps these jobs where they are until this transaction ends.';
--! EndIncluded 1_submit/lock_parents.sql
--! Included 1_submit/resolve_dependencies.sql
-- Counts what each job still waits for. Parents from before this call stand still meanwhile: one that ends after this commits
-- sees the edge, one that ended before is seen here. Parents of this call (jobs of a graph) have not started. Each parent is
-- looked up by itself (offset 0): a join that was planned while the tables were small would read all of them.
create or replace function taskq_private.resolve_dependencies(jobs taskq_private.submission[], is_graph boolean)
returns taskq_private.submission[]
language plpgsql
volatile
as $$
declare
  v_jobs taskq_private.submission[] := jobs;
  v_own jsonb := '{}';
  v_parent_ids uuid[];
  v_job taskq_private.submission;
  v_found record;
begin
  if is_graph then
    v_own := (select jsonb_object_agg(j.job_id, true) from unnest(jobs) as j where j.repeated is not true);
  end if;
  v_parent_ids := array(
    select distinct d.id from unnest(jobs) as j cross join unnest(j.depends_on) as d (id) where j.error is null and not v_own ? d.id::text
  );
  if cardinality(v_parent_ids) = 0 then
    return jobs;
  end if;
  perform taskq_private.lock_parents(v_parent_ids);

  for v_found in
    select j.ordinal, (array_agg(d.id) filter (where s.job_id is null))[1] as unknown,
      count(*) filter (where taskq_private.satisfies(f.status, d.condition)) as satisfied_count,
      (array_agg(d.id) filter (
        where not taskq_private.satisfies(f.status, d.condition) and (j.on_dependency_failure = 'cancel' or f.status = 'completed')
      ))[1] as doomed_by
    from unnest(jobs) as j
    cross join unnest(j.depends_on, j.conditions) as d (id, condition)
    left join lateral (select s.job_id from taskq_private.job_specs as s where s.job_id = d.id offset 0) as s on true
    left join lateral (select f.status from taskq_private.finished_jobs as f where f.job_id = d.id offset 0) as f on true
    where j.error is null and not v_own ? d.id::text
    group by j.ordinal
  loop
    v_job := v_jobs[v_found.ordinal];
    v_job.remaining_dependencies := v_job.remaining_dependencies - v_found.satisfied_count;
    v_job.doomed_by := v_found.doomed_by;
    if v_found.unknown is not null then
      v_job.error := taskq_private.invalid('depends_on', format('depends_on "%s" is no job', v_found.unknown), 'TQ423', 'It may have expired, or its id is mistyped.');
    end if;
    v_jobs[v_found.ordinal] := v_job;
  end loop;
  return v_jobs;
end;
$$;
comment on function taskq_private.resolve_dependencies(taskq_private.submission[], boolean) is
  'Finds out how many parents each submission still waits for, and whether one of them can never be waited for.';
--! EndIncluded 1_submit/resolve_dependencies.sql
--! Included 1_submit/return_keys.sql
-- A job that is refused after it took its idempotency key gives it back, and so does its repeat in the same list.
create or replace function taskq_private.return_keys(jobs taskq_private.submission[])
returns taskq_private.submission[]
language plpgsql
volatile
as $$
declare
  v_jobs taskq_private.submission[] := jobs;
  v_found record;
begin
  for v_found in
    select repeat.ordinal, first.error
    from unnest(jobs) as first
    join unnest(jobs) as repeat on repeat.job_id = first.job_id and repeat.repeated and repeat.error is null
    where first.error is not null and first.repeated is not true
  loop
    v_jobs[v_found.ordinal].error := v_found.error;
  end loop;

  delete from taskq_private.idempotency_keys as k
  where k.idempotency_key = any (array(select j.idempotency_key from unnest(jobs) as j where j.error is not null and j.repeated is not true))
    and k.job_id = any (array(select j.job_id from unnest(jobs) as j where j.error is not null and j.repeated is not true));
  return v_jobs;
end;
$$;
comment on function taskq_private.return_keys(taskq_private.submission[]) is 'Gives back the idempotency keys of submissions that were refused.';
--! EndIncluded 1_submit/return_keys.sql
--! Included 1_submit/check_graph.sql
-- Raises: TQ422 for what is neither a list nor a graph; TQ413 for more edges than one call may have.
create or replace function taskq_private.check_graph(jobs jsonb)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_requests jsonb := case when jsonb_typeof(jobs) = 'object' then jobs -> 'jobs' else jobs end;
  v_unknown text;
begin
  if jsonb_typeof(jobs) = 'object' then
    select k into v_unknown from jsonb_object_keys(jobs - '{workflow,jobs}'::text[]) as k limit 1;
    if v_unknown is not null then
      perform taskq_private.raise_error(taskq_private.invalid(v_unknown, format('"%s" is not a field of a graph', v_unknown), 'TQ422', 'A graph is {"workflow": {"name": ...}, "jobs": [...]}.'));
    end if;
  end if;
  if jsonb_typeof(v_requests) is distinct from 'array' then
    perform taskq_private.raise_error(taskq_private.invalid('jobs', 'jobs must be a list of objects', 'TQ422', 'Give a list of jobs, or {"workflow": {"name": ...}, "jobs": [...]}.'));
  end if;
  if jobs -> 'workflow' <> 'null' and v_requests = '[]' then
    perform taskq_private.raise_error(taskq_private.invalid('jobs', 'a workflow needs at least one job'));
  end if;

  if (select sum(jsonb_array_length(d.list)) from jsonb_path_query(v_requests, '$[*].depends_on') as d (list) where jsonb_typeof(d.list) = 'array') > 200000 then
    perform taskq_private.raise_error(taskq_private.invalid('depends_on', 'the jobs of one call name more than 200000 dependencies', 'TQ413', 'Submit them in several calls.'));
  end if;
  return v_requests;
end;
$$;
comment on function taskq_private.check_graph(jsonb) is 'The jobs of a graph, whether it is given as a list or with a workflow; raises for anything else.';
--! EndIncluded 1_submit/check_graph.sql
--! Included 1_submit/check_names.sql
create or replace function taskq_private.check_names(jobs taskq_private.submission[])
returns taskq_private.submission[]
language plpgsql
immutable
as $$
declare
  v_jobs taskq_private.submission[] := jobs;
  v_again record;
begin
  for v_again in
    select n.ordinal, n.name, n.first
    from (select j.ordinal, j.name, min(j.ordinal) over (partition by j.name) as first from unnest(jobs) as j where j.name is not null) as n
    where n.ordinal > n.first and (jobs[n.ordinal]).error is null
  loop
    v_jobs[v_again.ordinal].error := taskq_private.invalid(
      'name', format('name "%s" is that of jobs[%s] too', v_again.name, v_again.first - 1), 'TQ422', 'Give each job of one call a name of its own.'
    );
  end loop;
  return v_jobs;
end;
$$;
comment on function taskq_private.check_names(taskq_private.submission[]) is 'Marks the jobs of a graph whose name another one has.';
--! EndIncluded 1_submit/check_names.sql
--! Included 1_submit/refuse_errors.sql
-- Raises the first error of a list that is stored whole or not at all, with the job in its field and its message.
create or replace function taskq_private.refuse_errors(jobs taskq_private.submission[])
returns void
language plpgsql
immutable
as $$
declare
  v_bad record;
begin
  select j.ordinal - 1 as "position", j.name, j.error into v_bad from unnest(jobs) as j where j.error is not null order by j.ordinal limit 1;
  if found then
    perform taskq_private.raise_error(v_bad.error || jsonb_build_object(
      'field', rtrim(format('jobs[%s].%s', v_bad."position", v_bad.error ->> 'field'), '.'),
      'message', format('jobs[%s]%s: %s', v_bad."position", coalesce(' "' || v_bad.name || '"', ''), v_bad.error ->> 'message')
    ));
  end if;
end;
$$;
comment on function taskq_private.refuse_errors(taskq_private.submission[]) is 'Raises the first error of a list of submissions.';
--! EndIncluded 1_submit/refuse_errors.sql
--! Included 1_submit/refuse_cycles.sql
-- Edges that lead from earlier to later positions cannot close a cycle; only where one leads back is the graph sorted. Jobs
-- from before this call cannot depend on jobs of this call.
-- Raises: TQ425 with the names of one cycle's members.
create or replace function taskq_private.refuse_cycles(jobs taskq_private.submission[])
returns void
language plpgsql
immutable
as $$
declare
  v_ordinals jsonb := (select jsonb_object_agg(j.job_id, j.ordinal) from unnest(jobs) as j where j.repeated is not true);
  v_edges record;
  v_order integer[];
  v_cycle integer[];
  v_names text[];
begin
  select array_agg(e.parent) as parents, array_agg(e.child) as children, bool_or(e.parent >= e.child) as leads_back
  into v_edges
  from (
    select (v_ordinals ->> d.id::text)::integer as parent, j.ordinal as child
    from unnest(jobs) as j cross join unnest(j.depends_on) as d (id)
  ) as e
  where e.parent is not null;
  if v_edges.leads_back is not true then
    return;
  end if;

  v_order := taskq_private.topological_order(cardinality(jobs), v_edges.parents, v_edges.children);
  if cardinality(v_order) = cardinality(jobs) then
    return;
  end if;
  v_cycle := taskq_private.find_cycle(v_order, v_edges.parents, v_edges.children);
  v_names := array(select coalesce((jobs[c.ordinal]).name, format('jobs[%s]', c.ordinal - 1)) from unnest(v_cycle) with ordinality as c (ordinal, n) order by c.n);
  perform taskq_private.raise_error(taskq_private.invalid(
    format('jobs[%s].depends_on', v_cycle[1] - 1), 'the dependencies form a cycle: ' || array_to_string(v_names, ' -> '), 'TQ425',
    'A job cannot wait for itself, not even through others: leave one of these out.'
  ) || jsonb_build_object('members', v_names));
end;
$$;
comment on function taskq_private.refuse_cycles(taskq_private.submission[]) is 'Raises TQ425 with the members of a cycle, if the jobs of a graph have one.';
--! EndIncluded 1_submit/refuse_cycles.sql
--! Included 1_submit/topological_order.sql
-- Kahn's algorithm on arrays: the edges sorted by parent, how many edges each job still waits for, and a queue of the jobs that
-- wait for none. Each edge is looked at once. Jobs are 1 .. job_count; those in or behind a cycle are not in the answer.
create or replace function taskq_private.topological_order(job_count integer, parents integer[], children integer[])
returns integer[]
language plpgsql
immutable
as $$
declare
  v_children integer[];
  v_first integer[] := array_fill(0, array[job_count + 1]);
  v_waits integer[] := array_fill(0, array[job_count]);
  v_order integer[];
  v_done integer := 0;
  v_parent integer;
  v_child integer;
begin
  v_children := array(select e.child from unnest(parents, children) as e (parent, child) order by e.parent);
  foreach v_parent in array parents loop
    v_first[v_parent + 1] := v_first[v_parent + 1] + 1;
  end loop;
  for v_i in 2 .. job_count + 1 loop
    v_first[v_i] := v_first[v_i] + v_first[v_i - 1];
  end loop;
  foreach v_child in array v_children loop
    v_waits[v_child] := v_waits[v_child] + 1;
  end loop;

  v_order := array(select w.job from unnest(v_waits) with ordinality as w (count, job) where w.count = 0 order by w.job);
  while v_done < cardinality(v_order) loop
    v_done := v_done + 1;
    v_parent := v_order[v_done];
    for v_i in v_first[v_parent] + 1 .. v_first[v_parent + 1] loop
      v_child := v_children[v_i];
      v_waits[v_child] := v_waits[v_child] - 1;
      if v_waits[v_child] = 0 then
        v_order := v_order || v_child;
      end if;
    end loop;
  end loop;
  return v_order;
end;
$$;
comment on function taskq_private.topological_order(integer, integer[], integer[]) is
  'Jobs in an order in which each comes after what it depends on; edge n leads from parents[n] to children[n].';
--! EndIncluded 1_submit/topological_order.sql
--! Included 1_submit/find_cycle.sql
-- Every job that could not be sorted has a parent that could not be sorted, so walking up among those must come back somewhere.
create or replace function taskq_private.find_cycle(sorted integer[], parents integer[], children integer[])
returns integer[]
language plpgsql
immutable
as $$
declare
  v_sorted jsonb := (select coalesce(jsonb_object_agg(s, true), '{}') from unnest(sorted) as s);
  v_above jsonb;
  v_path integer[];
  v_job integer;
begin
  v_above := (
    select jsonb_object_agg(e.child, e.parent)
    from unnest(parents, children) as e (parent, child)
    where not v_sorted ? e.parent::text and not v_sorted ? e.child::text
  );
  v_job := (select min(k::integer) from jsonb_object_keys(v_above) as k);
  while array_position(v_path, v_job) is null loop
    v_path := v_path || v_job;
    v_job := (v_above ->> v_job::text)::integer;
  end loop;
  return v_path[array_position(v_path, v_job):] || v_job;
end;
$$;
comment on function taskq_private.find_cycle(integer[], integer[], integer[]) is
  'One cycle of a graph, from a job up through what it depends on back to itself; sorted is what topological_order() could sort.';
--! EndIncluded 1_submit/find_cycle.sql
--! Included 1_submit/workflow_error.sql
-- A workflow's fields are a job's fields of the same names, under the same rules.
create or replace function taskq_private.workflow_error(workflow jsonb)
returns jsonb
language plpgsql
stable
as $$
declare
  v_unknown text;
  v_error jsonb;
begin
  if jsonb_typeof(workflow) <> 'object' then
    return taskq_private.invalid('workflow', 'workflow must be an object', 'TQ422', 'For example {"name": "nightly"}.');
  end if;
  select k into v_unknown from jsonb_object_keys(workflow - '{name,metadata,idempotency_key,created_by}'::text[]) as k limit 1;
  if v_unknown is not null then
    return taskq_private.invalid('workflow.' || v_unknown, format('workflow.%s is not a field of a workflow', v_unknown), 'TQ422', 'It has name, metadata and idempotency_key.');
  end if;
  if workflow -> 'name' is null or workflow -> 'name' = 'null' then
    return taskq_private.invalid('workflow.name', 'a workflow needs a name');
  end if;

  select c.error into v_error from taskq_private.check_requests(jsonb_build_array(workflow || '{"type": "any"}')) as c;
  return v_error || jsonb_build_object('field', 'workflow.' || (v_error ->> 'field'), 'message', 'workflow.' || (v_error ->> 'message'));
end;
$$;
comment on function taskq_private.workflow_error(jsonb) is 'What is wrong with the description of a workflow, as an error value; null for a good one.';
--! EndIncluded 1_submit/workflow_error.sql
--! Included 1_submit/start_workflow.sql
-- Locks: the workflow's idempotency key; whoever finds another's workflow under it answers with that.
-- Raises: TQ422 naming the field, TQ410 for a key that belongs to another request.
create or replace function taskq_private.start_workflow(
  workflow jsonb, requests jsonb, submitted_at timestamptz, out workflow_id uuid, out is_repeated boolean
)
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_error jsonb := taskq_private.workflow_error(workflow);
  v_hash bytea;
  v_first taskq_private.workflows;
begin
  if v_error is not null then
    perform taskq_private.raise_error(v_error);
  end if;
  if workflow ->> 'idempotency_key' is not null then
    v_hash := (
      select sha256(convert_to((workflow - '{idempotency_key,created_by}'::text[])::text || string_agg(r.request::text, ',' order by e.ordinality), 'UTF8'))
      from jsonb_array_elements(requests) with ordinality as e (value, ordinality)
      cross join lateral (
        select case jsonb_typeof(e.value) when 'object' then e.value - '{created_by,trace_context}'::text[] else e.value end
      ) as r (request)
    );
  end if;

  is_repeated := false;
  loop
    insert into taskq_private.workflows (workflow_id, name, job_count, created_at, created_by, idempotency_key, request_hash, metadata)
    values (
      taskq_private.job_id_at(submitted_at, 0), workflow ->> 'name', jsonb_array_length(requests), submitted_at, coalesce(workflow ->> 'created_by', taskq_private.actor()),
      workflow ->> 'idempotency_key', v_hash, nullif(workflow -> 'metadata', 'null')
    )
    on conflict (idempotency_key) do nothing
    returning workflows.workflow_id into start_workflow.workflow_id;
    exit when found;
    select * into v_first from taskq_private.workflows as w where w.idempotency_key = workflow ->> 'idempotency_key';
    continue when not found; -- it was deleted between the two statements

    if v_first.request_hash <> v_hash then
      perform taskq_private.raise_error(taskq_private.invalid(
        'workflow.idempotency_key', format('idempotency_key "%s" was used by workflow %s for another request', v_first.idempotency_key, v_first.workflow_id),
        'TQ410', 'Use a new key for a new request.'
      ) || jsonb_build_object('job_id', v_first.workflow_id));
    end if;
    workflow_id := v_first.workflow_id;
    is_repeated := true;
    exit;
  end loop;
end;
$$;
comment on function taskq_private.start_workflow(jsonb, jsonb, timestamptz) is 'Makes a workflow, or finds the one of an earlier request under the same key.';
--! EndIncluded 1_submit/start_workflow.sql
--! Included 1_submit/adjust_workflow.sql
-- Jobs that an earlier submit had made stay where they were made. A workflow that is left without jobs is none.
create or replace function taskq_private.adjust_workflow(workflow_id uuid, jobs taskq_private.submission[])
returns uuid
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_count integer := (select count(*) from unnest(jobs) as j where j.repeated is not true);
begin
  if v_count = 0 then
    delete from taskq_private.workflows as w where w.workflow_id = adjust_workflow.workflow_id;
    return (select s.workflow_id from taskq_private.job_specs as s where s.job_id = (jobs[1]).job_id);
  end if;
  if v_count < cardinality(jobs) then
    update taskq_private.workflows as w set job_count = v_count where w.workflow_id = adjust_workflow.workflow_id;
  end if;
  perform taskq_private.record_workflow_event('workflow_submitted', adjust_workflow.workflow_id);
  return adjust_workflow.workflow_id;
end;
$$;
comment on function taskq_private.adjust_workflow(uuid, taskq_private.submission[]) is
  'Counts the jobs that are new in this workflow; answers it, or that of the jobs where none is new.';
--! EndIncluded 1_submit/adjust_workflow.sql
--! Included 1_submit/repeated_workflow.sql
-- The instant in a job's id says where it stood in the request; a job that stood there and had an idempotency key of its own may
-- be from an earlier call.
create or replace function taskq_private.repeated_workflow(workflow_id uuid, requests jsonb)
returns table (
  "position" integer, name text, job_id uuid, status taskq.job_status, created boolean, warnings text[], workflow_id_of uuid
)
language sql
stable
as $$
  select (q.ordinality - 1)::integer, q.value ->> 'name', f.job_id, taskq_private.status_of(f.job_id), false, '{}'::text[], w.workflow_id
  from taskq_private.workflows as w
  cross join jsonb_array_elements(requests) with ordinality as q (value, ordinality)
  left join taskq_private.job_specs as s
    on s.workflow_id = w.workflow_id and s.created_at = w.created_at + q.ordinality * interval '1 microsecond'
  left join taskq_private.idempotency_keys as k on k.idempotency_key = q.value ->> 'idempotency_key'
  cross join lateral (select coalesce(s.job_id, k.job_id)) as f (job_id)
  where w.workflow_id = repeated_workflow.workflow_id
  order by q.ordinality;
$$;
comment on function taskq_private.repeated_workflow(uuid, jsonb) is 'What submit_jobs() answers to a request that it has had before.';
--! EndIncluded 1_submit/repeated_workflow.sql
--! Included 1_submit/store_waiting_jobs.sql
-- nothing -> pending | blocked | ready | cancelled: jobs with a run_at or with dependencies. One whose parents are all as it
-- asks is ready; one with a parent that never can be is cancelled, and those of its graph that wait for it, or held.
create or replace function taskq_private.store_waiting_jobs(jobs taskq_private.submission[], submitted_at timestamptz)
returns void
language plpgsql
volatile
as $$
declare
  v_doomed_ids uuid[] := array(select j.job_id from unnest(jobs) as j where j.doomed_by is not null);
begin
  insert into taskq_private.job_dependencies (job_id, depends_on_id, condition, satisfied)
  select j.job_id, d.id, d.condition, coalesce(taskq_private.satisfies(f.status, d.condition), false)
  from unnest(jobs) as j
  cross join unnest(j.depends_on, j.conditions) as d (id, condition)
  left join lateral (select f.status from taskq_private.finished_jobs as f where f.job_id = d.id offset 0) as f on true;

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
    created_at, run_at, created_by, name, idempotency_key, metadata, trace_context, on_dependency_failure, workflow_id
  )
  select
    j.job_id, j.lane_id, j.payload, j.max_attempts, j.timeout_seconds, j.initial_delay_seconds, j.backoff_multiplier, j.max_delay_seconds, j.jitter,
    submitted_at + j.ordinal * interval '1 microsecond', j.run_at, j.created_by, j.name, j.idempotency_key, j.metadata, j.trace_context,
    j.on_dependency_failure, store_jobs.workflow_id
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
comment on function taskq_private.store_jobs(taskq_private.submission[], timestamptz, uuid) is 'Stores good submissions, each in its first place.';
--! EndIncluded 1_submit/store_jobs.sql
--! Included 1_submit/submit_requests.sql
-- The path of every submit. A graph is a list whose jobs may name each other, and is stored whole or not at all.
-- Locks: idempotency keys in order, then the places of dependencies (lock_parents). Raises: a graph's first error.
create or replace function taskq_private.submit_requests(requests jsonb, submitted_at timestamptz, is_graph boolean, workflow_id uuid default null)
returns taskq_private.submission[]
language plpgsql
volatile
as $$
declare
  v_jobs taskq_private.submission[];
  v_some record;
begin
  v_jobs := array(select r::taskq_private.submission from taskq_private.read_requests(requests, submitted_at) as r order by r.ordinal);
  if is_graph then
    v_jobs := taskq_private.check_names(v_jobs);
    perform taskq_private.refuse_errors(v_jobs);
  end if;
  select bool_or(j.lane_id is null) as new_lane, bool_or(j.idempotency_key is not null) as has_key, bool_or(j.remaining_dependencies > 0) as waits
  into v_some
  from unnest(v_jobs) as j
  where j.error is null;

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

  perform taskq_private.store_jobs(
    array(select j from unnest(v_jobs) as j where j.error is null and j.repeated is not true), submitted_at, submit_requests.workflow_id
  );
  return v_jobs;
end;
$$;
comment on function taskq_private.submit_requests(jsonb, timestamptz, boolean, uuid) is
  'Stores what is good of a list of requests, and answers what became of each.';
--! EndIncluded 1_submit/submit_requests.sql
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
    when job.remaining_dependencies > 0 then 'blocked'
    when job.run_at > submitted_at then 'pending'
    else 'ready'
  end::taskq.job_status;
$$;
comment on function taskq_private.submission_status(taskq_private.submission, timestamptz) is 'The place that a submission has got, as its submitter is told.';
--! EndIncluded 1_submit/submission_status.sql
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
      case when j.cpu_units > 0 or j.memory_mb > 0 then taskq_private.submit_warnings(j.lane_id) else '{}' end,
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
      case when j.cpu_units > 0 or j.memory_mb > 0 then taskq_private.submit_warnings(j.lane_id) else '{}' end,
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
  text, jsonb, text, text, timestamptz, uuid[], numeric, integer, integer, integer, jsonb, text, jsonb, text, taskq.dependency_condition, text
) is
  'Submits one job of a registered type. priority is critical, high, normal, low or 1 (first) to 10. depends_on are jobs to wait for, condition what of each: success, failure or finished. Under a known idempotency_key it answers with the first job and created = false. Example: select * from taskq.submit_job(''echo'', ''{"message": "hi"}'', priority => ''high'').';
--! EndIncluded 1_submit/submit_job.sql
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
  v_is_more boolean;
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
  next_due_in_seconds := case when v_is_more then 0 else taskq_private.next_due_in() end;
end;
$$;
comment on function taskq.claim_next_job(uuid, integer, jsonb) is
  'Takes the best jobs that fit this worker now, at most max_jobs, under one claim_id; jobs is a list of {"job_id", "type", "queue", "attempt", "max_attempts", "timeout_seconds", "payload", "trace_context"}. outcomes is a list of {"claim_id", "job_id", "outcome", "result", "error", "fatal", "retry_after_seconds", "duration_seconds", "logs"} to record first; rejected names those whose claim was lost. Call again within next_due_in_seconds. Example: select j.* from taskq.claim_next_job(:''worker'', 5) as c, json_to_recordset(c.jobs) as j (job_id uuid, type text, payload json).';
--! EndIncluded 3_claim/claim_next_job.sql
--! Included 4_run/parent_results.sql
-- Results are read one by one, by name, until together they are as large as they may be, give or take one: ten thousand parents can have left
-- more than a worker can hold.
create or replace function taskq.parent_results(job_id uuid, max_bytes integer default 4194304)
returns table (
  parent_id uuid, name text, type text, condition taskq.dependency_condition, status taskq.job_status, result jsonb, error jsonb, is_left_out boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_left integer := max_bytes;
begin
  for parent_id, name, type, condition, status in
    select d.depends_on_id, s.name, l.type, d.condition, f.status
    from taskq_private.job_dependencies as d
    join taskq_private.job_specs as s on s.job_id = d.depends_on_id
    join taskq_private.lanes as l on l.lane_id = s.lane_id
    left join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id
    where d.job_id = parent_results.job_id
    order by s.name, d.depends_on_id
  loop
    result := null;
    error := null;
    is_left_out := v_left <= 0;
    if not is_left_out then
      select f.result, f.error into result, error from taskq_private.finished_jobs as f where f.job_id = parent_results.parent_id;
      v_left := v_left - coalesce(octet_length(result::text), 0) - coalesce(octet_length(error::text), 0);
    end if;
    return next;
  end loop;
end;
$$;
comment on function taskq.parent_results(uuid, integer) is
  'How the jobs that this job depends on ended and what they left behind, by name; results and errors until they are max_bytes together (4 MiB), the rest is_left_out: look those up by parent_id.';
--! EndIncluded 4_run/parent_results.sql
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
--! Included 5_finish/complete_job.sql
-- running -> completed, inside the caller's own transaction: its effects and this record commit together or not at all.
-- Locks: the claim, until that commit; so it comes last. Raises: TQ411 when the claim was lost.
create or replace function taskq.complete_job(claim_id bigint, job_id uuid, result jsonb default null)
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
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  perform taskq_private.end_held_job(claim_id, job_id, 'failed', error => jsonb_build_object('message', fail_job.error), fatal => fail_job.fatal);
  return taskq_private.status_of(job_id);
end;
$$;
comment on function taskq.fail_job(bigint, uuid, text, boolean) is
  'Fails one running job: it is retried after its backoff, unless fatal or out of attempts. Answers its new status.';
--! EndIncluded 5_finish/fail_job.sql
--! Included 5_finish/stop_worker.sql
-- running -> ready, not charged: what a worker took and will not start. Locks: the worker's claims.
create or replace function taskq.stop_worker(worker_id uuid)
returns integer
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
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
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
--! Included 6_unblock/settle_dependents.sql
-- What the end of these jobs means for the jobs that depend on them: edges are satisfied, or can never be. A child that can
-- never run is cancelled, which ends it for its own dependents in turn; a loop and no recursion, since chains are long. After
-- a replay (status ready) it is the other way round: what was cancelled comes back. What is more than one transaction
-- should touch is left to settle_chunk(), and so is the end of a job whose dependents have yet to come back: they come first.
create or replace function taskq_private.settle_dependents(job_ids uuid[], status taskq.job_status)
returns void
language plpgsql
volatile
as $$
declare
  v_ids uuid[] := job_ids;
  v_status taskq.job_status := status;
  v_left integer := 1000;
  v_edges taskq_private.job_dependencies[];
begin
  loop
    v_edges := array(
      select d from taskq_private.job_dependencies as d where d.depends_on_id = any (v_ids) and not d.satisfied limit v_left + 1
    );
    exit when cardinality(v_edges) = 0;
    if cardinality(v_edges) > v_left or exists (select from taskq_private.unsettled_jobs as u where u.job_id = any (v_ids)) then
      perform taskq_private.defer_dependents(v_ids, v_status);
      exit;
    end if;

    v_left := greatest(v_left - cardinality(v_edges) - 5, 0); -- a level costs something by itself
    v_ids := taskq_private.settle_edges(v_edges, v_status);
    v_status := case when v_status = 'ready' then 'ready' else 'cancelled' end;
  end loop;
end;
$$;
comment on function taskq_private.settle_dependents(uuid[], taskq.job_status) is
  'Lets go, cancels or revives the jobs that depend on jobs that have ended or were replayed; in chunks where they are many.';
--! EndIncluded 6_unblock/settle_dependents.sql
--! Included 6_unblock/settle_edges.sql
-- A hash join that was planned while the tables were small would read all of a large one: so none, here and below.
-- Locks: the dependents, by job_id (lock_dependents); of a replay, what revive_dependents() locks.
create or replace function taskq_private.settle_edges(edges taskq_private.job_dependencies[], status taskq.job_status)
returns uuid[]
language plpgsql
volatile
set enable_seqscan = off
set enable_hashjoin = off
as $$
begin
  if status = 'ready' then
    return taskq_private.revive_dependents(edges);
  end if;
  perform taskq_private.lock_dependents(edges);
  perform taskq_private.unblock_dependents(array(select e from unnest(edges) as e where taskq_private.satisfies(settle_edges.status, e.condition)));
  return taskq_private.cancel_dependents(
    array(select e from unnest(edges) as e where not taskq_private.satisfies(settle_edges.status, e.condition)), settle_edges.status
  );
end;
$$;
comment on function taskq_private.settle_edges(taskq_private.job_dependencies[], taskq.job_status) is
  'Does what these edges ask for now that their parents are like this; answers the jobs whose own dependents are next.';
--! EndIncluded 6_unblock/settle_edges.sql
--! Included 6_unblock/lock_dependents.sql
-- Holds dependents in their place until this transaction ends. One that moves while we wait for it is looked for again: a row
-- that is gone once its lock is free locks nothing, and what is counted down then could be on its way out.
-- Locks: waiting, then finished rows, by job_id; a job with an edge that is not satisfied is in no other place.
create or replace function taskq_private.lock_dependents(edges taskq_private.job_dependencies[])
returns void
language plpgsql
volatile
as $$
declare
  v_job_ids uuid[] := array(select distinct e.job_id from unnest(edges) as e);
  v_locked uuid[];
begin
  loop
    v_locked := array(select w.job_id from taskq_private.waiting_jobs as w where w.job_id = any (v_job_ids) order by w.job_id for update);
    exit when cardinality(v_locked) = cardinality(v_job_ids);
    v_locked := v_locked || array(
      select f.job_id from taskq_private.finished_jobs as f where f.job_id = any (v_job_ids) order by f.job_id for update
    );
    exit when (select count(*) from taskq_private.job_specs as s where s.job_id = any (v_job_ids)) <= cardinality(v_locked);
  end loop;
end;
$$;
comment on function taskq_private.lock_dependents(taskq_private.job_dependencies[]) is 'Keeps the jobs at the ends of these edges where they are until this transaction ends.';
--! EndIncluded 6_unblock/lock_dependents.sql
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
  ), stored as (
    insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
    select f.lane_id, f.job_id, v_now, f.attempt from freed as f
  )
  select array_agg(f.job_id), array_agg(f.lane_id) into v_job_ids, v_lane_ids from freed as f;

  if v_job_ids is not null then
    perform taskq_private.record_event('job_ready', v_job_ids, v_lane_ids);
    perform taskq_private.hint('ready');
  end if;
end;
$$;
comment on function taskq_private.unblock_dependents(taskq_private.job_dependencies[]) is
  'Marks edges as satisfied and makes the children ready that wait for nothing more.';
--! EndIncluded 6_unblock/unblock_dependents.sql
--! Included 6_unblock/cancel_dependents.sql
-- blocked -> cancelled, reason dependency: children whose edge can never be satisfied, unless they are to be held
-- until a replay; what has completed is not replayed.
-- The caller holds the children.
create or replace function taskq_private.cancel_dependents(edges taskq_private.job_dependencies[], parent_status taskq.job_status)
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
  select array_agg(e.job_id), jsonb_object_agg(e.job_id, e.depends_on_id)
  into v_child_ids, v_doomed
  from unnest(edges) as e
  join taskq_private.job_specs as s on s.job_id = e.job_id
  where s.on_dependency_failure = 'cancel' or parent_status = 'completed';
  if v_child_ids is null then
    return '{}';
  end if;

  with gone as (
    delete from taskq_private.waiting_jobs as w
    where w.job_id = any (v_child_ids)
    returning w.job_id, w.lane_id, w.attempt
  ), stored as (
    insert into taskq_private.finished_jobs (job_id, lane_id, status, attempt, outcome, finished_at, reason, error)
    select g.job_id, g.lane_id, 'cancelled', g.attempt, 'cancelled', taskq_private.clock(), 'dependency',
      taskq_private.dependency_error(g.job_id, (v_doomed ->> g.job_id::text)::uuid)
    from gone as g
  )
  select array_agg(g.job_id), array_agg(g.lane_id) into v_job_ids, v_lane_ids from gone as g;

  perform taskq_private.record_event('job_cancelled', v_job_ids, v_lane_ids);
  perform taskq_private.count_workflow_jobs(v_job_ids, 1);
  return coalesce(v_job_ids, '{}');
end;
$$;
comment on function taskq_private.cancel_dependents(taskq_private.job_dependencies[], taskq.job_status) is
  'Cancels the jobs at the ends of edges that can never be satisfied; answers which.';
--! EndIncluded 6_unblock/cancel_dependents.sql
--! Included 6_unblock/dependency_error.sql
-- Names the culprit: the job that an edge leads to, or, where that was itself cancelled for another's sake, that other one.
create or replace function taskq_private.dependency_error(job_id uuid, parent_id uuid)
returns jsonb
language sql
stable
as $$
  select jsonb_build_object(
    'message', case
      when f.reason = 'dependency' then
        format('job %s was cancelled because job %s %s', parent.label, coalesce(f.error ->> 'culprit_label', f.error ->> 'depends_on'),
          coalesce(replace(f.error ->> 'culprit_status', 'cancelled', 'was cancelled'), 'did not complete'))
      else format('job %s %s, and this one asks for its %s', parent.label, replace(f.status::text, 'cancelled', 'was cancelled'),
        replace(d.condition::text, 'finished', 'end'))
    end,
    'depends_on', d.depends_on_id,
    'condition', d.condition,
    'culprit', case when f.reason = 'dependency' then coalesce(f.error ->> 'culprit', f.error ->> 'depends_on') else d.depends_on_id::text end,
    'culprit_label', case when f.reason = 'dependency' then coalesce(f.error ->> 'culprit_label', f.error ->> 'depends_on') else parent.label end,
    'culprit_status', case when f.reason = 'dependency' then f.error ->> 'culprit_status' else f.status::text end
  )
  from taskq_private.job_dependencies as d
  join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id
  join taskq_private.job_specs as s on s.job_id = d.depends_on_id
  cross join lateral (select case when s.name is null then s.job_id::text else format('"%s" (%s)', s.name, s.job_id) end) as parent (label)
  where d.job_id = dependency_error.job_id and d.depends_on_id = dependency_error.parent_id;
$$;
comment on function taskq_private.dependency_error(uuid, uuid) is 'The error of a job that can never run because of how this parent ended.';
--! EndIncluded 6_unblock/dependency_error.sql
--! Included 6_unblock/revive_dependents.sql
-- cancelled, reason dependency -> blocked: children of a job that was replayed, unless another parent still stands in the way.
-- Locks: the places of the parents that they wait for (lock_parents), then their finished rows by job_id.
create or replace function taskq_private.revive_dependents(edges taskq_private.job_dependencies[])
returns uuid[]
language plpgsql
volatile
set enable_seqscan = off
set enable_hashjoin = off
as $$
declare
  v_child_ids uuid[] := array(
    select distinct f.job_id
    from unnest(edges) as e
    join taskq_private.finished_jobs as f on f.job_id = e.job_id
    where f.status = 'cancelled' and f.reason = 'dependency'
  );
begin
  if cardinality(v_child_ids) = 0 then
    return '{}';
  end if;
  perform taskq_private.lock_parents(array(
    select distinct d.depends_on_id from taskq_private.job_dependencies as d where d.job_id = any (v_child_ids) and not d.satisfied
  ));
  perform from taskq_private.finished_jobs as f where f.job_id = any (v_child_ids) order by f.job_id for update;

  v_child_ids := array(
    select f.job_id
    from taskq_private.finished_jobs as f
    where f.job_id = any (v_child_ids)
      and f.status = 'cancelled'
      and f.reason = 'dependency'
      and taskq_private.hopeless_edge(f.job_id) is null
  );
  perform taskq_private.replay_jobs(v_child_ids);
  return v_child_ids;
end;
$$;
comment on function taskq_private.revive_dependents(taskq_private.job_dependencies[]) is
  'Brings back the jobs at the ends of these edges that were cancelled for another''s sake; answers which.';
--! EndIncluded 6_unblock/revive_dependents.sql
--! Included 6_unblock/hopeless_edge.sql
create or replace function taskq_private.hopeless_edge(job_id uuid)
returns taskq_private.job_dependencies
language sql
stable
as $$
  select d
  from taskq_private.job_dependencies as d
  left join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id
  left join taskq_private.job_specs as s on s.job_id = d.depends_on_id
  where d.job_id = hopeless_edge.job_id and not d.satisfied and (not taskq_private.satisfies(f.status, d.condition) or s.job_id is null)
  order by coalesce(f.status in ('failed', 'cancelled'), false), d.depends_on_id
  limit 1;
$$;
comment on function taskq_private.hopeless_edge(uuid) is 'An edge of this job that cannot be satisfied as things stand: its parent has ended otherwise, or is gone. One that no replay can mend comes first. Null when there is none.';
--! EndIncluded 6_unblock/hopeless_edge.sql
--! Included 6_unblock/defer_dependents.sql
create or replace function taskq_private.defer_dependents(job_ids uuid[], status taskq.job_status)
returns void
language plpgsql
volatile
as $$
begin
  insert into taskq_private.unsettled_jobs as t (job_id, status, revives)
  select u.job_id, defer_dependents.status, defer_dependents.status = 'ready'
  from unnest(job_ids) as u (job_id)
  where exists (select from taskq_private.job_dependencies as d where d.depends_on_id = u.job_id and not d.satisfied)
  order by u.job_id
  on conflict (job_id) do update set status = excluded.status, revives = t.revives or excluded.revives, after_id = null;
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq_private.defer_dependents(uuid[], taskq.job_status) is 'Leaves the dependents of these jobs to settle_chunk(), and wakes someone to call it.';
--! EndIncluded 6_unblock/defer_dependents.sql
--! Included 6_unblock/settle_chunk.sql
-- The next dependents of what settle_dependents() left: of many jobs that have few, or some of one that has many. Every claim
-- calls this before it looks, and at once again while there is more, so that no level of a graph waits for a timer.
-- Locks: rows of unsettled_jobs, skipping those that another session has in hand; then the children, by job_id.
create or replace function taskq_private.settle_chunk()
returns boolean
language plpgsql
volatile
as $$
declare
  v_first taskq_private.unsettled_jobs;
  v_ids uuid[];
  v_edges taskq_private.job_dependencies[];
begin
  if not exists (select from taskq_private.unsettled_jobs) then
    return false;
  end if;
  select * into v_first from taskq_private.unsettled_jobs as u order by u.job_id limit 1 for update skip locked;
  if not found then
    return false;
  end if;

  if v_first.after_id is null then
    v_ids := array(
      select u.job_id from taskq_private.unsettled_jobs as u
      where u.status = v_first.status and u.revives = v_first.revives and u.after_id is null
      order by u.job_id limit 200
      for update skip locked
    );
    v_edges := array(
      select d from taskq_private.job_dependencies as d where d.depends_on_id = any (v_ids) and not d.satisfied limit 1001
    );
  end if;
  if cardinality(v_edges) <= 1000 then
    delete from taskq_private.unsettled_jobs as u where u.job_id = any (v_ids);
  else
    v_edges := array(
      select d from taskq_private.job_dependencies as d
      where d.depends_on_id = v_first.job_id and (v_first.after_id is null or d.job_id > v_first.after_id) and not d.satisfied
      order by d.job_id limit 1000
    );
    update taskq_private.unsettled_jobs as u set after_id = (v_edges[1000]).job_id where u.job_id = v_first.job_id and cardinality(v_edges) = 1000;
    delete from taskq_private.unsettled_jobs as u where u.job_id = v_first.job_id and cardinality(v_edges) < 1000;
  end if;

  if v_first.revives and v_first.status <> 'ready' then
    perform taskq_private.settle_dependents(
      taskq_private.revive_dependents(array(select e from unnest(v_edges) as e where taskq_private.satisfies(v_first.status, e.condition))), 'ready'
    );
  end if;
  perform taskq_private.settle_dependents(
    taskq_private.settle_edges(v_edges, v_first.status), case when v_first.status = 'ready' then 'ready' else 'cancelled' end::taskq.job_status
  );
  if exists (select from taskq_private.unsettled_jobs) then
    perform taskq_private.hint('ready');
    return true;
  end if;
  return false;
end;
$$;
comment on function taskq_private.settle_chunk() is 'Tells some of the dependents that are still to be told; answers whether there are more.';
--! EndIncluded 6_unblock/settle_chunk.sql
--! Included 6_unblock/is_awaited.sql
create or replace function taskq_private.is_awaited(job_id uuid)
returns boolean
language sql
stable
as $$
  select exists (
    select
    from taskq_private.job_dependencies as d
    where d.depends_on_id = is_awaited.job_id
      and not exists (select from taskq_private.finished_jobs as child where child.job_id = d.job_id)
  );
$$;
comment on function taskq_private.is_awaited(uuid) is 'Whether a job that has not ended depends on this one.';
--! EndIncluded 6_unblock/is_awaited.sql
--! Included 6_unblock/is_in_running_workflow.sql
create or replace function taskq_private.is_in_running_workflow(job_id uuid)
returns boolean
language sql
stable
as $$
  select exists (
    select
    from taskq_private.job_specs as s
    join taskq_private.workflows as w on w.workflow_id = s.workflow_id
    where s.job_id = is_in_running_workflow.job_id and w.status = 'running'
  );
$$;
comment on function taskq_private.is_in_running_workflow(uuid) is 'Whether other jobs of this job''s workflow have not ended.';
--! EndIncluded 6_unblock/is_in_running_workflow.sql
--! Included 6_unblock/count_workflow_jobs.sql
-- Called where jobs get or lose their finished rows. Only inserts, so that ends of one workflow never wait for each other.
-- Where no workflow is under way this is two index probes.
create or replace function taskq_private.count_workflow_jobs(job_ids uuid[], sign integer)
returns void
language plpgsql
volatile
as $$
begin
  if not exists (select from taskq_private.workflows as w where w.status = 'running')
    and not exists (select from taskq_private.workflow_counts)
    and sign > 0
  then
    return;
  end if;
  insert into taskq_private.workflow_counts (workflow_id, completed_count, failed_count, cancelled_count, skipped_count, at)
  select
    s.workflow_id,
    sign * count(*) filter (where f.status = 'completed'),
    sign * count(*) filter (where f.status = 'failed'),
    sign * count(*) filter (where f.status = 'cancelled' and not skip.is_one),
    sign * count(*) filter (where f.status = 'cancelled' and skip.is_one),
    max(f.finished_at)
  from taskq_private.job_specs as s
  cross join lateral (select * from taskq_private.finished_jobs as f where f.job_id = s.job_id offset 0) as f
  cross join lateral (select f.reason = 'dependency' and coalesce(f.error ->> 'culprit_status' = 'completed', false)) as skip (is_one)
  where s.job_id = any (job_ids) and s.workflow_id is not null
  group by s.workflow_id;
end;
$$;
comment on function taskq_private.count_workflow_jobs(uuid[], integer) is
  'Counts the ends of these jobs in their workflows: sign 1 when they have ended, -1 before they are replayed.';
--! EndIncluded 6_unblock/count_workflow_jobs.sql
--! Included 6_unblock/status_of_workflow.sql
create or replace function taskq_private.status_of_workflow(workflow taskq_private.workflows)
returns taskq.workflow_status
language sql
immutable
as $$
  select (case
    when workflow.completed_count + workflow.failed_count + workflow.cancelled_count + workflow.skipped_count < workflow.job_count then 'running'
    when workflow.cancel_requested_at is not null and workflow.cancelled_count > 0 then 'cancelled'
    when workflow.failed_count > 0 then 'failed'
    when workflow.cancelled_count > 0 then 'cancelled'
    else 'completed'
  end)::taskq.workflow_status;
$$;
comment on function taskq_private.status_of_workflow(taskq_private.workflows) is 'The status that follows from a workflow''s counts.';
--! EndIncluded 6_unblock/status_of_workflow.sql
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
  deleted_jobs := taskq_private.delete_expired(1000);
end;
$$;
comment on function taskq.tick() is
  'Does what is due: makes due jobs ready, gives the jobs of lost workers to others, ends attempts that outran their timeout, goes on with what was left of large graphs, brings workflows up to date, deletes what has been kept long enough. Servers and workers call it each second; pg_cron or psql may too. ran is false when another session is at it.';
--! EndIncluded 7_operate/tick.sql
--! Included 7_operate/fold_workflow_counts.sql
-- Adds up the ends of jobs in their workflows, and says so when the last one has ended, or when one goes on after a replay.
-- Bounded.
-- Locks: the workflows' rows, by workflow_id.
create or replace function taskq_private.fold_workflow_counts(max_rows integer default 10000)
returns integer
language plpgsql
volatile
as $$
declare
  v_sum record;
  v_was taskq_private.workflows;
  v_is taskq_private.workflows;
  v_folded integer := 0;
begin
  for v_sum in
    with gone as (
      delete from taskq_private.workflow_counts as c
      where c.count_id = any (array(select o.count_id from taskq_private.workflow_counts as o order by o.count_id limit max_rows))
      returning c.*
    )
    select g.workflow_id, sum(g.completed_count)::integer as completed_count, sum(g.failed_count)::integer as failed_count,
      sum(g.cancelled_count)::integer as cancelled_count, sum(g.skipped_count)::integer as skipped_count, max(g.at) as at,
      bool_or(least(g.failed_count, g.cancelled_count, g.skipped_count) < 0) as is_replayed
    from gone as g
    group by g.workflow_id
    order by g.workflow_id
  loop
    select * into v_was from taskq_private.workflows as w where w.workflow_id = v_sum.workflow_id for update;
    continue when not found;
    v_is := v_was;
    v_is.completed_count := v_was.completed_count + v_sum.completed_count;
    v_is.failed_count := v_was.failed_count + v_sum.failed_count;
    v_is.cancelled_count := v_was.cancelled_count + v_sum.cancelled_count;
    v_is.skipped_count := v_was.skipped_count + v_sum.skipped_count;
    v_is.status := taskq_private.status_of_workflow(v_is);

    update taskq_private.workflows as w
    set status = v_is.status, completed_count = v_is.completed_count, failed_count = v_is.failed_count, cancelled_count = v_is.cancelled_count,
      skipped_count = v_is.skipped_count, finished_at = case when v_is.status <> 'running' then greatest(w.finished_at, v_sum.at) end
    where w.workflow_id = v_sum.workflow_id;
    if v_sum.is_replayed and v_was.status <> 'running' then
      perform taskq_private.record_workflow_event('workflow_resumed', v_sum.workflow_id);
    end if;
    if v_is.status <> 'running' and (v_was.status <> v_is.status or v_sum.is_replayed) then
      perform taskq_private.record_workflow_event('workflow_' || v_is.status, v_sum.workflow_id);
    end if;
    v_folded := v_folded + 1;
  end loop;
  return v_folded;
end;
$$;
comment on function taskq_private.fold_workflow_counts(integer) is 'Brings the counts and the status of workflows up to date; answers of how many.';
--! EndIncluded 7_operate/fold_workflow_counts.sql
--! Included 7_operate/cancel_job.sql
-- pending | blocked | ready | retrying -> cancelled; a running job is asked to stop, and its worker ends it.
-- Calls: cancel_jobs. Raises: TQ404, TQ409 with the state.
create or replace function taskq.cancel_job(job_id uuid, reason text default null)
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
declare
  v_done record;
begin
  perform taskq_private.lane_of(job_id);
  perform taskq_private.record_audit('cancel_job', job_id::text, jsonb_build_object('reason', reason));
  v_done := taskq_private.cancel_jobs(array[job_id], reason);
  if cardinality(v_done.cancelled) > 0 then
    return 'cancelled';
  elsif cardinality(v_done.asked) > 0 then
    return 'running';
  end if;
  perform taskq_private.lane_of(job_id); -- raises if it was deleted meanwhile
  raise exception 'job % is % and cannot be cancelled', job_id, taskq_private.status_of(job_id)
    using errcode = 'TQ409', detail = taskq_private.status_of(job_id)::text, hint = 'Only jobs that have not ended can be cancelled.';
end;
$$;
comment on function taskq.cancel_job(uuid, text) is
  'Cancels a job that waits, and what depends on it; asks a running one to stop. Answers cancelled, or running when it was asked.';
--! EndIncluded 7_operate/cancel_job.sql
--! Included 7_operate/cancel_workflow.sql
-- running -> cancelled, once the jobs that run have stopped. What is more than ten thousand jobs is left to claims and ticks.
-- Locks: the workflow's row, then its jobs (cancel_jobs). Raises: TQ404, TQ409 with the state.
create or replace function taskq.cancel_workflow(workflow_id uuid, reason text default null)
returns taskq.workflow_status
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
  v_status taskq.workflow_status;
begin
  perform from taskq_private.workflows as w where w.workflow_id = cancel_workflow.workflow_id for update;
  v_status := (select w.status from taskq.workflows as w where w.workflow_id = cancel_workflow.workflow_id);
  if v_status is null then
    raise exception 'no workflow %', cancel_workflow.workflow_id using errcode = 'TQ404', hint = 'It may have expired: a workflow is kept as long as its jobs.';
  elsif v_status <> 'running' then
    raise exception 'workflow % is % and cannot be cancelled', cancel_workflow.workflow_id, v_status
      using errcode = 'TQ409', detail = v_status::text, hint = 'Only workflows with jobs that have not ended can be cancelled.';
  end if;

  perform taskq_private.record_audit('cancel_workflow', cancel_workflow.workflow_id::text, jsonb_build_object('reason', reason));
  update taskq_private.workflows as w
  set cancel_requested_at = taskq_private.clock(), cancel_reason = cancel_workflow.reason, cancelled_down_to = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
  where w.workflow_id = cancel_workflow.workflow_id;
  for v_i in 1 .. 10 loop
    exit when not taskq_private.cancel_workflow_chunk(cancel_workflow.workflow_id);
  end loop;
  return (select w.status from taskq.workflows as w where w.workflow_id = cancel_workflow.workflow_id);
end;
$$;
comment on function taskq.cancel_workflow(uuid, text) is
  'Cancels all jobs of a workflow that wait and asks those that run to stop. Answers cancelled, or running while some still have to.';
--! EndIncluded 7_operate/cancel_workflow.sql
--! Included 7_operate/cancel_workflow_chunk.sql
-- The last jobs first: what depends on others usually comes after them, and is cancelled for its own sake before they are.
-- Locks: the workflow's row, then the jobs.
create or replace function taskq_private.cancel_workflow_chunk(workflow_id uuid)
returns boolean
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_workflow taskq_private.workflows;
  v_job_ids uuid[];
begin
  select * into v_workflow from taskq_private.workflows as w where w.workflow_id = cancel_workflow_chunk.workflow_id for update;
  v_job_ids := array(
    select s.job_id
    from taskq_private.job_specs as s
    where s.workflow_id = v_workflow.workflow_id and s.job_id < v_workflow.cancelled_down_to
    order by s.job_id desc
    limit 1000
  );
  perform taskq_private.cancel_jobs(v_job_ids, v_workflow.cancel_reason);
  update taskq_private.workflows as w set cancelled_down_to = v_job_ids[1000] where w.workflow_id = v_workflow.workflow_id;
  return cardinality(v_job_ids) = 1000;
end;
$$;
comment on function taskq_private.cancel_workflow_chunk(uuid) is 'Cancels the next thousand jobs of a workflow that is being cancelled; answers whether there may be more.';
--! EndIncluded 7_operate/cancel_workflow_chunk.sql
--! Included 7_operate/cancel_workflows.sql
-- The rest of workflows that are being cancelled, a chunk a call. Locks: the workflow's row, unless another session has it in
-- hand; then its jobs.
create or replace function taskq_private.cancel_workflows()
returns boolean
language plpgsql
volatile
as $$
declare
  v_workflow_id uuid;
begin
  if not exists (select from taskq_private.workflows as w where w.cancelled_down_to is not null) then
    return false;
  end if;
  select w.workflow_id into v_workflow_id
  from taskq_private.workflows as w where w.cancelled_down_to is not null
  order by w.workflow_id limit 1
  for update skip locked;
  return found and taskq_private.cancel_workflow_chunk(v_workflow_id);
end;
$$;
comment on function taskq_private.cancel_workflows() is 'Goes on with a workflow that is being cancelled; answers whether there may be more.';
--! EndIncluded 7_operate/cancel_workflows.sql
--! Included 7_operate/cancel_jobs.sql
-- pending | blocked | ready | retrying -> cancelled; running jobs are asked to stop, and their workers end them. A job that
-- moves between two looks is looked for again, so in the end each is cancelled, asked, or had ended before.
-- Locks: the claims that they run under, then their rows in ready and waiting, by job_id; then their dependents.
create or replace function taskq_private.cancel_jobs(job_ids uuid[], reason text, out cancelled uuid[], out asked uuid[])
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_left uuid[] := job_ids;
  v_now uuid[];
begin
  cancelled := '{}';
  asked := '{}';
  while cardinality(v_left) > 0 loop
    asked := asked || taskq_private.ask_to_stop(v_left, reason);
    v_now := taskq_private.cancel_unstarted(v_left, reason);
    cancelled := cancelled || v_now;
    v_left := array(
      select s.job_id
      from taskq_private.job_specs as s
      where s.job_id = any (v_left)
        and s.job_id <> all (v_now)
        and s.job_id <> all (asked)
        and not exists (select from taskq_private.finished_jobs as f where f.job_id = s.job_id)
    );
  end loop;

  perform taskq_private.settle_dependents(cancelled, 'cancelled');
end;
$$;
comment on function taskq_private.cancel_jobs(uuid[], text) is 'Cancels jobs that wait and asks those that run to stop; answers which is which.';
--! EndIncluded 7_operate/cancel_jobs.sql
--! Included 7_operate/ask_to_stop.sql
create or replace function taskq_private.ask_to_stop(job_ids uuid[], reason text)
returns uuid[]
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_claim_ids bigint[];
  v_asked uuid[];
begin
  v_claim_ids := array(
    select c.claim_id from taskq_private.claims as c where c.job_ids && ask_to_stop.job_ids order by c.claim_id for update
  );
  if cardinality(v_claim_ids) = 0 then
    return '{}';
  end if;
  v_asked := array(select h.job_id from taskq_private.held_attempts(v_claim_ids) as h where h.job_id = any (ask_to_stop.job_ids));

  insert into taskq_private.cancel_requests (job_id, claim_id, requested_at, requested_by, reason)
  select h.job_id, h.claim_id, taskq_private.clock(), taskq_private.actor(), ask_to_stop.reason
  from taskq_private.held_attempts(v_claim_ids) as h
  where h.job_id = any (v_asked)
  on conflict do nothing;
  perform pg_notify('taskq_cancel', w.worker_id::text)
  from (select distinct c.worker_id from taskq_private.claims as c where c.claim_id = any (v_claim_ids)) as w;
  return v_asked;
end;
$$;
comment on function taskq_private.ask_to_stop(uuid[], text) is 'Asks those of these jobs that run to stop; answers which do.';
--! EndIncluded 7_operate/ask_to_stop.sql
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
  perform taskq_private.count_workflow_jobs(v_gone.job_ids, 1);
  return coalesce(v_gone.job_ids, '{}');
end;
$$;
comment on function taskq_private.cancel_unstarted(uuid[], text) is 'Cancels those of these jobs that are ready or waiting; answers which. Their dependents are the caller''s to settle.';
--! EndIncluded 7_operate/cancel_unstarted.sql
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
--! Included 7_operate/refuse_hopeless.sql
-- A job whose dependency has ended otherwise, or is gone, would wait for ever: the dependency comes first. One that is to be
-- held may wait for its replay. Raises: TQ409 with the parent's state.
create or replace function taskq_private.refuse_hopeless(job_id uuid)
returns void
language plpgsql
stable
as $$
declare
  v_edge taskq_private.job_dependencies := taskq_private.hopeless_edge(job_id);
  v_status taskq.job_status := taskq_private.status_of(v_edge.depends_on_id);
begin
  if v_edge.job_id is null
    or v_status in ('failed', 'cancelled') and exists (
      select from taskq_private.job_specs as s where s.job_id = refuse_hopeless.job_id and s.on_dependency_failure = 'hold'
    )
  then
    return;
  end if;
  raise exception 'job % asks for % of job %, which is %', job_id,
      case v_edge.condition when 'finished' then 'the end' else 'the ' || v_edge.condition end, v_edge.depends_on_id, coalesce(v_status::text, 'deleted')
    using errcode = 'TQ409', detail = coalesce(v_status::text, 'deleted'),
      hint = case when v_status in ('failed', 'cancelled') then 'Retry that job first, with its dependents.' else 'Submit a new job in place of this one.' end;
end;
$$;
comment on function taskq_private.refuse_hopeless(uuid) is 'Raises TQ409 for a job with a dependency that can never be satisfied as things stand.';
--! EndIncluded 7_operate/refuse_hopeless.sql
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
  ), ready as (
    insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
    select p.lane_id, p.job_id, v_now, 1 from placed as p where p.remaining = 0 and (p.run_at is null or p.run_at <= v_now)
  )
  select array_agg(p.job_id) as job_ids, array_agg(p.lane_id) as lane_ids into v_gone from placed as p;

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
  perform taskq_private.record_event('job_blocked', v_blocked.job_ids, v_blocked.lane_ids);
end;
$$;
comment on function taskq_private.reopen_edges(uuid[]) is 'Makes the dependents of jobs that are replayed wait for them again, as far as they have not started.';
--! EndIncluded 7_operate/reopen_edges.sql
--! Included 7_operate/lock_unstarted.sql
-- One that moves while we wait for it is looked for again, so in the end each is held or has started.
-- Locks: ready, then waiting, then finished rows, by job_id.
create or replace function taskq_private.lock_unstarted(job_ids uuid[])
returns uuid[]
language plpgsql
volatile
as $$
declare
  v_held uuid[];
begin
  loop
    v_held := array(
      select r.job_id
      from taskq_private.job_specs as s
      join taskq_private.ready_jobs as r on r.lane_id = s.lane_id and r.job_id = s.job_id
      where s.job_id = any (job_ids) and r.attempt = 1
      order by r.job_id
      for update of r
    ) || array(
      select w.job_id from taskq_private.waiting_jobs as w where w.job_id = any (job_ids) and w.attempt = 1 order by w.job_id for update
    ) || array(
      select f.job_id
      from taskq_private.finished_jobs as f
      where f.job_id = any (job_ids) and f.status = 'cancelled' and f.claim_id is null
      order by f.job_id
      for update
    );
    exit when not exists (
      select from (select unnest(job_ids) except select unnest(v_held)) as moved (job_id) where taskq_private.is_unstarted(moved.job_id)
    );
  end loop;
  return v_held;
end;
$$;
comment on function taskq_private.lock_unstarted(uuid[]) is
  'Holds those of these jobs in their place that wait for their first attempt or were cancelled before it; answers which.';
--! EndIncluded 7_operate/lock_unstarted.sql
--! Included 7_operate/is_unstarted.sql
create or replace function taskq_private.is_unstarted(job_id uuid)
returns boolean
language sql
stable
as $$
  select exists (
    select from taskq_private.waiting_jobs as w where w.job_id = is_unstarted.job_id and w.attempt = 1
  ) or exists (
    select
    from taskq_private.job_specs as s
    join taskq_private.ready_jobs as r on r.lane_id = s.lane_id and r.job_id = s.job_id
    where s.job_id = is_unstarted.job_id and r.attempt = 1
  ) or exists (
    select from taskq_private.finished_jobs as f where f.job_id = is_unstarted.job_id and f.status = 'cancelled' and f.claim_id is null
  );
$$;
comment on function taskq_private.is_unstarted(uuid) is 'Whether a job waits for its first attempt, or was cancelled before it.';
--! EndIncluded 7_operate/is_unstarted.sql
--! Included 7_operate/retry_workflow.sql
-- failed -> ready | blocked, and what was cancelled because of it -> blocked: the workflow goes on where it failed. Bounded.
-- Calls: retry_job. Raises: TQ404, TQ409 with the state when no job of it has failed.
create or replace function taskq.retry_workflow(workflow_id uuid, max_jobs integer default 1000)
returns integer
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
  v_status taskq.workflow_status := (select w.status from taskq.get_workflow(retry_workflow.workflow_id) as w);
  v_job_ids uuid[] := array(
    select s.job_id
    from taskq_private.job_specs as s
    join taskq_private.finished_jobs as f on f.job_id = s.job_id and f.status = 'failed'
    where s.workflow_id = retry_workflow.workflow_id and taskq_private.hopeless_edge(s.job_id) is null
    order by s.job_id
    limit greatest(max_jobs, 1)
  );
  v_job_id uuid;
begin
  if cardinality(v_job_ids) = 0 then
    raise exception 'workflow % is % and has no failed job to run again', retry_workflow.workflow_id, v_status
      using errcode = 'TQ409', detail = v_status::text, hint = 'Only failed jobs are run again so; retry cancelled ones one by one.';
  end if;
  foreach v_job_id in array v_job_ids loop
    perform taskq.retry_job(v_job_id);
  end loop;
  perform taskq_private.record_audit('retry_workflow', retry_workflow.workflow_id::text, jsonb_build_object('retried', cardinality(v_job_ids)));
  perform taskq_private.settle_dependents(v_job_ids, 'ready'); -- once for all, so that this is bounded
  return cardinality(v_job_ids);
end;
$$;
comment on function taskq.retry_workflow(uuid, integer) is
  'Runs the failed jobs of a workflow again, with what was cancelled because of them, so that it goes on where it failed; at most max_jobs a call. Answers how many.';
--! EndIncluded 7_operate/retry_workflow.sql
--! Included 7_operate/retry_dead_letters.sql
-- failed -> ready, oldest first, bounded.
create or replace function taskq.retry_dead_letters(type text default null, queue text default null, max_jobs integer default 1000, with_dependents boolean default false)
returns integer
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
declare
  v_job_id uuid;
  v_retried uuid[] := '{}';
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
    v_retried := v_retried || v_job_id;
  end loop;
  perform taskq_private.record_audit(
    'retry_dead_letters', coalesce(type, queue, 'all'), jsonb_build_object('with_dependents', with_dependents, 'retried', cardinality(v_retried))
  );
  if with_dependents then
    perform taskq_private.settle_dependents(v_retried, 'ready'); -- once for all, so that this is bounded
  end if;
  return cardinality(v_retried);
end;
$$;
comment on function taskq.retry_dead_letters(text, text, integer, boolean) is
  'Runs failed jobs again, oldest first: all, or those of a type or queue, at most max_jobs a call; with_dependents brings back what was cancelled because of them. Answers how many; call until 0.';
--! EndIncluded 7_operate/retry_dead_letters.sql
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
--! Included 7_operate/refuse_awaited.sql
-- Raises: TQ409 when jobs that have not ended wait for this one.
create or replace function taskq_private.refuse_awaited(job_id uuid)
returns void
language plpgsql
stable
as $$
begin
  if taskq_private.is_awaited(job_id) then
    raise exception 'job % cannot be discarded: jobs that have not ended depend on it', job_id
      using errcode = 'TQ409', detail = taskq_private.status_of(job_id)::text, hint = 'Retry it, or cancel them first.';
  end if;
end;
$$;
comment on function taskq_private.refuse_awaited(uuid) is 'Raises TQ409 for a job that others still wait for.';
--! EndIncluded 7_operate/refuse_awaited.sql
--! Included 7_operate/discard_dead_letters.sql
-- failed -> gone, oldest first, bounded.
create or replace function taskq.discard_dead_letters(type text default null, queue text default null, max_jobs integer default 1000)
returns integer
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
      and not taskq_private.is_awaited(f.job_id)
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
  'Deletes failed jobs, oldest first: all, or those of a type or queue, at most max_jobs a call. Those that held jobs wait for are kept. Answers how many; call until 0.';
--! EndIncluded 7_operate/discard_dead_letters.sql
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
begin
  v_workflow_ids := array(select distinct s.workflow_id from taskq_private.job_specs as s where s.job_id = any (job_ids) and s.workflow_id is not null);
  delete from taskq_private.idempotency_keys as k
  using taskq_private.job_specs as s
  where s.job_id = any (job_ids) and s.idempotency_key = k.idempotency_key and k.job_id = s.job_id;

  delete from taskq_private.job_dependencies as d where d.job_id = any (job_ids);
  delete from taskq_private.unsettled_jobs as u where u.job_id = any (job_ids);
  delete from taskq_private.job_logs as l where l.job_id = any (job_ids);
  delete from taskq_private.job_attempts as a where a.job_id = any (job_ids);
  delete from taskq_private.finished_jobs as f where f.job_id = any (job_ids);
  delete from taskq_private.job_specs as s where s.job_id = any (job_ids);
  delete from taskq_private.workflows as w
  where w.workflow_id = any (v_workflow_ids) and not exists (select from taskq_private.job_specs as s where s.workflow_id = w.workflow_id);
end;
$$;
comment on function taskq_private.delete_jobs(uuid[]) is 'Deletes finished jobs with their history.';
--! EndIncluded 7_operate/delete_jobs.sql
--! Included 7_operate/delete_expired.sql
-- Retention, in bounded batches. A job stays while one that depends on it has not ended, since that may
-- want its result, and while its workflow runs.
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
      and not taskq_private.is_awaited(f.job_id)
      and not taskq_private.is_in_running_workflow(f.job_id)
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
  if not exists (select from taskq_private.job_specs as s where s.job_id = add_dependency.depends_on) then
    perform taskq_private.raise_error(taskq_private.invalid(
      'depends_on', format('depends_on "%s" is no job', add_dependency.depends_on), 'TQ423', 'It may have expired, or its id is mistyped.'
    ));
  end if;
  perform pg_advisory_xact_lock(1952541558);
  perform taskq_private.refuse_cycle(add_dependency.job_id, add_dependency.depends_on);
  perform taskq_private.lock_parents(array[add_dependency.depends_on]);
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
    using errcode = 'TQ425', column = 'depends_on', detail = to_jsonb(v_cycle)::text, hint = 'A job cannot wait for itself, not even through others.';
end;
$$;
comment on function taskq_private.refuse_cycle(uuid, uuid) is 'Raises TQ425 with the members of the cycle that this edge would close.';
--! EndIncluded 7_operate/refuse_cycle.sql
--! Included 7_operate/check_new_edge.sql
-- The caller has locked the parent. Raises: TQ409 for an edge that can never be satisfied, or that is there under another condition.
create or replace function taskq_private.check_new_edge(job_id uuid, depends_on uuid, condition taskq.dependency_condition)
returns boolean
language plpgsql
stable
as $$
#variable_conflict use_column
declare
  v_status taskq.job_status := (select f.status from taskq_private.finished_jobs as f where f.job_id = check_new_edge.depends_on);
  v_edge taskq_private.job_dependencies;
begin
  select * into v_edge from taskq_private.job_dependencies as d
  where d.job_id = check_new_edge.job_id and d.depends_on_id = check_new_edge.depends_on;
  if v_edge.condition <> check_new_edge.condition then
    raise exception 'job % depends on job % already, under the condition %', check_new_edge.job_id, check_new_edge.depends_on, v_edge.condition
      using errcode = 'TQ409', detail = v_edge.condition::text, hint = 'An edge has one condition, and it stays.';
  end if;
  if not taskq_private.satisfies(v_status, check_new_edge.condition) then
    raise exception 'job % is % and can never be waited for', check_new_edge.depends_on, v_status
      using errcode = 'TQ409', detail = v_status::text,
        hint = case when v_status = 'completed' then 'It has ended otherwise.' else 'Retry it first, or ask for another condition.' end;
  end if;
  return v_status is not null;
end;
$$;
comment on function taskq_private.check_new_edge(uuid, uuid, taskq.dependency_condition) is
  'Whether a new edge is satisfied from the start; raises for one that cannot be.';
--! EndIncluded 7_operate/check_new_edge.sql
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
    insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt) values (lane_id, job_id, coalesce(ready_at, v_now), attempt);
    perform taskq_private.hint('ready');
  else
    insert into taskq_private.waiting_jobs (job_id, lane_id, status, due_at, remaining_dependencies, attempt)
    values (job_id, lane_id, v_status, due_at, remaining, attempt);
  end if;
  return v_status;
end;
$$;
comment on function taskq_private.put_unstarted(uuid, integer, smallint, timestamptz, timestamptz, integer) is
  'Puts a job that has not started into the place that it belongs to; answers its status.';
--! EndIncluded 7_operate/put_unstarted.sql
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
  s.on_dependency_failure
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
--! Included 8_read/job_dependencies.sql
create or replace view taskq.job_dependencies as
select d.job_id, d.depends_on_id, d.condition, d.satisfied
from taskq_private.job_dependencies as d;
comment on view taskq.job_dependencies is
  'Edges: job_id waits for depends_on_id until that has ended as condition asks (success, failure, finished). Ask by job_id or by depends_on_id.';
--! EndIncluded 8_read/job_dependencies.sql
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
begin
  if workflow_id is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.workflow_id = matching_job_ids.workflow_id
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest
        and (matching_job_ids.metadata is null or s.metadata @> matching_job_ids.metadata)
        and (run_at_from is null or s.run_at >= run_at_from) and (run_at_to is null or s.run_at < run_at_to)
        and (matching_job_ids.status is null or taskq_private.status_of(s.job_id) = any (v_statuses))
      order by s.job_id desc
      limit max_rows;
  elsif metadata is not null then
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
  return query
    select j.* from taskq.jobs as j where j.job_id = any (v_job_ids) order by j.job_id desc;
end;
$$;
comment on function taskq.list_jobs(
  taskq.job_status[], text[], text[], smallint[], timestamptz, timestamptz, timestamptz, timestamptz, jsonb, uuid, uuid, integer
) is
  'Jobs that match every filter given, newest first, at most max_rows (1000). metadata matches jobs whose metadata contains it, workflow_id those of a workflow. For the next page give the last job_id as before. Example: select job_id, type, status from taskq.list_jobs(status => ''{failed}'', max_rows => 10).';
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
  metadata jsonb default null,
  workflow_id uuid default null
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
    run_at_from, run_at_to, metadata, workflow_id, null
  );
$$;
comment on function taskq.count_jobs(
  taskq.job_status[], text[], text[], smallint[], timestamptz, timestamptz, timestamptz, timestamptz, jsonb, uuid
) is 'How many jobs match every filter given. Counts each one: ask only when someone wants to know.';
--! EndIncluded 8_read/count_jobs.sql
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
--! Included 8_read/list_workflows.sql
-- Pages by id, newest first. The stored status finds the candidates, the exact one decides: workflows with counts not yet added
-- are looked at besides.
create or replace function taskq.list_workflows(
  status taskq.workflow_status[] default null, name text default null, before uuid default null, max_rows integer default 50
)
returns setof taskq.workflows
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_before uuid := coalesce(before, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  v_max_rows integer := least(greatest(max_rows, 1), 1000);
  v_moving uuid[] := array(select distinct c.workflow_id from taskq_private.workflow_counts as c);
  v_ids uuid[];
begin
  v_ids := v_moving || array(
    select found.workflow_id
    from unnest(coalesce(list_workflows.status, enum_range(null::taskq.workflow_status))) as s (status)
    cross join lateral (
      select w.workflow_id from taskq_private.workflows as w
      where w.status = s.status and w.workflow_id < v_before and list_workflows.name is null
      order by w.workflow_id desc limit v_max_rows + cardinality(v_moving)
    ) as found
    union all
    (
      select w.workflow_id from taskq_private.workflows as w
      where w.name = list_workflows.name and w.workflow_id < v_before
        and (list_workflows.status is null or w.status = any (list_workflows.status))
      order by w.workflow_id desc limit v_max_rows + cardinality(v_moving)
    )
  );
  return query
    select w.*
    from taskq.workflows as w
    where w.workflow_id = any (v_ids)
      and w.workflow_id < v_before
      and (list_workflows.status is null or w.status = any (list_workflows.status))
      and (list_workflows.name is null or w.name = list_workflows.name)
    order by w.workflow_id desc
    limit v_max_rows;
end;
$$;
comment on function taskq.list_workflows(taskq.workflow_status[], text, uuid, integer) is
  'Workflows of these statuses and this name, newest first, at most max_rows (1000). For the next page give the last workflow_id as before.';
--! EndIncluded 8_read/list_workflows.sql
--! Included 8_read/get_workflow.sql
-- Raises: TQ404.
create or replace function taskq.get_workflow(workflow_id uuid)
returns setof taskq.workflows
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query select w.* from taskq.workflows as w where w.workflow_id = get_workflow.workflow_id;
  if not found then
    raise exception 'no workflow %', get_workflow.workflow_id using errcode = 'TQ404', hint = 'It may have expired: a workflow is kept as long as its jobs.';
  end if;
end;
$$;
comment on function taskq.get_workflow(uuid) is 'One workflow, with its status and how many of its jobs have ended how.';
--! EndIncluded 8_read/get_workflow.sql
--! Included 8_read/graph_members.sql
-- The jobs of a workflow, or, for the id of a job, those that it depends on and those that depend on it, far and near; and the
-- jobs outside a workflow that its jobs depend on. Bounded; raises TQ404.
create or replace function taskq_private.graph_members(id uuid, max_jobs integer default 100000)
returns uuid[]
language plpgsql
stable
as $$
declare
  v_ids uuid[] := array(select s.job_id from taskq_private.job_specs as s where s.workflow_id = id order by s.job_id limit max_jobs);
begin
  if cardinality(v_ids) > 0 then
    return v_ids || array(
      select d.depends_on_id from taskq_private.job_dependencies as d where d.job_id = any (v_ids)
      except
      select m.id from unnest(v_ids) as m (id)
    );
  end if;
  perform taskq_private.lane_of(id);
  return array(
    with recursive up as (
      select graph_members.id as job_id
      union
      select d.depends_on_id from up as u join taskq_private.job_dependencies as d on d.job_id = u.job_id
    ), down as (
      select graph_members.id as job_id
      union
      select d.job_id from down as u join taskq_private.job_dependencies as d on d.depends_on_id = u.job_id
    )
    select m.job_id from (select u.job_id from up as u union select d.job_id from down as d) as m order by m.job_id limit max_jobs
  );
end;
$$;
comment on function taskq_private.graph_members(uuid, integer) is 'The jobs of the graph that this id stands for.';
--! EndIncluded 8_read/graph_members.sql
--! Included 8_read/graph_nodes.sql
create or replace function taskq_private.graph_nodes(job_ids uuid[], id uuid)
returns taskq_private.graph_node[]
language sql
stable
as $$
  select array_agg(row(
    m.job_id, s.name, l.type, p.status, p.reason, p.attempt, p.started_at, p.finished_at,
    coalesce(extract(epoch from p.finished_at - p.started_at), 0),
    s.workflow_id is distinct from graph_nodes.id and exists (select from taskq_private.workflows as w where w.workflow_id = graph_nodes.id)
  )::taskq_private.graph_node order by m.n)
  from unnest(job_ids) with ordinality as m (job_id, n)
  left join taskq_private.job_specs as s on s.job_id = m.job_id
  left join taskq_private.lanes as l on l.lane_id = s.lane_id
  left join taskq_private.places as p on p.job_id = m.job_id;
$$;
comment on function taskq_private.graph_nodes(uuid[], uuid) is 'These jobs as nodes of a graph, in their order; those that have been deleted have an id only.';
--! EndIncluded 8_read/graph_nodes.sql
--! Included 8_read/graph_edges.sql
create or replace function taskq_private.graph_edges(job_ids uuid[])
returns table (depends_on_id uuid, job_id uuid, condition taskq.dependency_condition, satisfied boolean, parent integer, child integer)
language sql
stable
as $$
  with position as (
    select jsonb_object_agg(m.id, m.n) as by_id from unnest(graph_edges.job_ids) with ordinality as m (id, n)
  )
  select d.depends_on_id, d.job_id, d.condition, d.satisfied, (p.by_id ->> d.depends_on_id::text)::integer, (p.by_id ->> d.job_id::text)::integer
  from position as p
  cross join taskq_private.job_dependencies as d
  where d.job_id = any (graph_edges.job_ids) and p.by_id ? d.depends_on_id::text
  order by 6, 5;
$$;
comment on function taskq_private.graph_edges(uuid[]) is 'The edges between these jobs, with where each end stands in the list.';
--! EndIncluded 8_read/graph_edges.sql
--! Included 8_read/graph_slack.sql
-- The critical path method over what was measured: each job took as long as its last attempt ran. A job's earliest start is the
-- latest end of those before it, its latest end the earliest start that those after it can do with; between them is its slack.
-- Edges in topological order need one pass down and one up.
create or replace function taskq_private.graph_slack(seconds double precision[], parents integer[], children integer[])
returns double precision[]
language plpgsql
immutable
as $$
declare
  v_count integer := cardinality(seconds);
  v_rank jsonb;
  v_end double precision[] := seconds;
  v_latest double precision[];
  v_last double precision;
  v_edge record;
begin
  select jsonb_object_agg(o.job, o.n) into v_rank
  from unnest(taskq_private.topological_order(v_count, coalesce(parents, '{}'), coalesce(children, '{}'))) with ordinality as o (job, n);

  for v_edge in select e.parent, e.child from unnest(parents, children) as e (parent, child) order by (v_rank ->> e.parent::text)::integer loop
    v_end[v_edge.child] := greatest(v_end[v_edge.child], v_end[v_edge.parent] + seconds[v_edge.child]);
  end loop;
  v_last := (select max(e) from unnest(v_end) as e);
  v_latest := array_fill(v_last, array[v_count]);
  for v_edge in select e.parent, e.child from unnest(parents, children) as e (parent, child) order by (v_rank ->> e.child::text)::integer desc loop
    v_latest[v_edge.parent] := least(v_latest[v_edge.parent], v_latest[v_edge.child] - seconds[v_edge.child]);
  end loop;
  return array(select greatest(round((u.latest - u.ended)::numeric, 6), 0) from unnest(v_latest, v_end) with ordinality as u (latest, ended, n) order by u.n);
end;
$$;
comment on function taskq_private.graph_slack(double precision[], integer[], integer[]) is
  'For each job of a graph, by how many seconds it could have taken longer without delaying the end of the whole.';
--! EndIncluded 8_read/graph_slack.sql
--! Included 8_read/job_graph.sql
-- Slack is told once every job has ended. Jobs of other workflows that jobs of this one depend on are nodes too (outside).
-- Raises: TQ404.
create or replace function taskq.job_graph(id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_ids uuid[] := taskq_private.graph_members(id);
  v_nodes taskq_private.graph_node[];
  v_edges record;
  v_slack double precision[];
begin
  v_nodes := taskq_private.graph_nodes(v_ids, id);
  select array_agg(e.parent) as parents, array_agg(e.child) as children,
    coalesce(jsonb_agg(jsonb_build_object('from', e.depends_on_id, 'to', e.job_id, 'condition', e.condition, 'satisfied', e.satisfied)), '[]') as list
  into v_edges
  from taskq_private.graph_edges(v_ids) as e;
  if not exists (select from unnest(v_nodes) as n where n.status is not null and n.finished_at is null) then
    v_slack := taskq_private.graph_slack(array(select n.seconds from unnest(v_nodes) with ordinality as n order by n.ordinality), v_edges.parents, v_edges.children);
  end if;

  return jsonb_build_object(
    'nodes', (
      select jsonb_agg(jsonb_build_object(
        'id', n.job_id, 'name', n.name, 'type', n.type, 'status', n.status, 'reason', n.reason, 'attempt', n.attempt, 'started_at', n.started_at,
        'finished_at', n.finished_at, 'seconds', n.seconds, 'outside', n.is_outside, 'slack_seconds', s.slack, 'critical', s.slack = 0
      ) order by n.ordinality)
      from unnest(v_nodes) with ordinality as n
      left join unnest(v_slack) with ordinality as s (slack, n) on s.n = n.ordinality
    ),
    'edges', v_edges.list
  );
end;
$$;
comment on function taskq.job_graph(uuid) is
  'The graph of a workflow, or of all that a job depends on and that depends on it: {"nodes": [{"id", "name", "type", "status", "started_at", "finished_at", "seconds", "slack_seconds", "critical", ...}], "edges": [{"from", "to", "condition", "satisfied"}]}. An edge leads from a job to one that waits for it. Slack is known once all have ended: how much longer a job could have taken without delaying the end; on the critical path it is 0.';
--! EndIncluded 8_read/job_graph.sql
--! Included 8_read/critical_path.sql
-- Raises: TQ404, TQ409 while jobs of the graph have not ended.
create or replace function taskq.critical_path(id uuid)
returns table (job_id uuid, name text, started_at timestamptz, finished_at timestamptz, seconds double precision, slack_seconds double precision)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select n.id, n.name, n.started_at, n.finished_at, n.seconds, n.slack_seconds
    from jsonb_to_recordset(taskq.job_graph(critical_path.id) -> 'nodes') as n (
      id uuid, name text, started_at timestamptz, finished_at timestamptz, seconds double precision, slack_seconds double precision, critical boolean
    )
    where n.critical and n.seconds > 0
    order by n.started_at, n.id;
  if not found and exists (select from taskq_private.graph_members(critical_path.id) as m (ids), unnest(m.ids) as u (job_id)
    where taskq_private.status_of(u.job_id) not in ('completed', 'failed', 'cancelled'))
  then
    raise exception 'jobs of % have not ended', id using errcode = 'TQ409', detail = 'running', hint = 'The critical path is known once every job has ended.';
  end if;
end;
$$;
comment on function taskq.critical_path(uuid) is
  'The jobs of a finished workflow (or of a job''s graph) that decided when it ended, in their order: making any of them faster makes the whole faster. For the slack of the others see job_graph().';
--! EndIncluded 8_read/critical_path.sql
--! Included 8_read/graph_mermaid.sql
-- Nodes are n0, n1, ... since names may hold anything; what Mermaid would read as markup in a label is written as an entity.
create or replace function taskq.graph_mermaid(id uuid)
returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  with graph as materialized (
    select taskq.job_graph(graph_mermaid.id) as graph
  ), node as materialized (
    select n.ordinality - 1 as n, n.value ->> 'id' as id, coalesce(n.value ->> 'status', 'deleted') as status,
      (n.value ->> 'critical')::boolean as is_critical,
      replace(replace(replace(replace(replace(replace(replace(replace(t.plain, '#', '#35;'), '&', '#amp;'), '"', '#quot;'), '<', '#lt;'), '>', '#gt;'), '%', '#37;'), '*', '#42;'), '_', '#95;') as label
    from graph as g
    cross join jsonb_array_elements(g.graph -> 'nodes') with ordinality as n (value, ordinality)
    cross join lateral (
      select regexp_replace(coalesce(n.value ->> 'name', n.value ->> 'type', n.value ->> 'id'), '[[:cntrl:]`\u2028\u2029\u202a-\u202e\u2066-\u2069]', ' ', 'g')
    ) as t (plain)
  ), numbers as materialized (
    select jsonb_object_agg(n.id, n.n) as by_id from node as n
  ), line as (
    select 1 as part, n.n as position,
      format('  n%s["%s"]:::%s', n.n, regexp_replace(regexp_replace(n.label, '^(\s*\d+)\.', '\1#46;'), '^(\s*)[-+]', '\1#8722;'), n.status) as text
    from node as n
    union all
    select 2, e.ordinality, format(
      '  n%s %s n%s', m.by_id ->> (e.value ->> 'from'),
      case e.value ->> 'condition' when 'success' then '-->' else format('-. %s .->', e.value ->> 'condition') end, m.by_id ->> (e.value ->> 'to')
    )
    from graph as g cross join numbers as m cross join jsonb_array_elements(g.graph -> 'edges') with ordinality as e (value, ordinality)
    union all
    select 3, n.n, format('  style n%s stroke-width:3px', n.n) from node as n where n.is_critical
  )
  select 'flowchart TD' || e'\n' || string_agg(l.text, e'\n' order by l.part, l.position) || e'\n'
    || e'  classDef completed fill:#d3f9d8,stroke:#2b8a3e,color:#000\n  classDef failed fill:#ffe3e3,stroke:#c92a2a,color:#000\n'
    || e'  classDef cancelled fill:#e9ecef,stroke:#868e96,color:#000\n  classDef running fill:#d0ebff,stroke:#1971c2,color:#000\n'
    || e'  classDef ready fill:#fff3bf,stroke:#e67700,color:#000\n  classDef retrying fill:#fff3bf,stroke:#c92a2a,color:#000\n'
    || e'  classDef pending fill:#fff,stroke:#868e96,color:#000\n  classDef blocked fill:#fff,stroke:#868e96,color:#000\n'
    || e'  classDef deleted fill:#fff,stroke:#ced4da,color:#868e96\n'
  from line as l;
$$;
comment on function taskq.graph_mermaid(uuid) is
  'The graph of job_graph() as Mermaid text: colours say the status, dotted edges a condition other than success, thick borders the critical path.';
--! EndIncluded 8_read/graph_mermaid.sql
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
  'Why a job is not running: every reason with a code (waiting_until, blocked_by, held_by, queue_paused, no_worker_for_type, larger_than_every_worker, waiting_for_capacity), a sentence, and details.';
--! EndIncluded 8_read/explain_job.sql
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
        'id', b.event_id, 'at', b.at, 'event', b.event, 'queue', b.queue, 'workflow_id', b.workflow_id,
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
  'Events after a position, and missing ones that have come since, as {"horizon", "next_xid", "events": [{"id", "at", "event", "queue", "workflow_id", "jobs": [...]}]}.';
--! EndIncluded 8_read/read_events.sql
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
  select format('job %s is blocked and waits for nothing', w.job_id) from taskq_private.waiting_jobs as w where w.status = 'blocked' and w.remaining_dependencies = 0
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
--! Included 9_grants.sql
-- Who may do what: exposure is a grant, by audience. Functions are never PUBLIC (default privileges of migration 1).

grant usage on schema taskq to taskq_reader, taskq_client, taskq_worker;
grant usage on type taskq.job_status, taskq.attempt_outcome, taskq.log_level, taskq.worker_status,
  taskq.dependency_condition, taskq.dependency_failure_policy,
  taskq.workflow_status to taskq_reader, taskq_client, taskq_worker;

-- who looks
grant select on
  taskq.jobs, taskq.job_executions, taskq.job_logs, taskq.dead_letters, taskq.job_dependencies, taskq.workflows, taskq.task_types, taskq.queues, taskq.workers
to taskq_reader;
grant execute on function
  taskq.get_job, taskq.list_jobs, taskq.count_jobs, taskq.explain_job, taskq.parent_results,
  taskq.list_workflows, taskq.get_workflow, taskq.job_graph, taskq.critical_path, taskq.graph_mermaid,
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
  taskq.set_queue_aging, taskq.drain_worker, taskq.tick, taskq.authenticate, taskq.has_api_key
to taskq_operator;

-- who administers
grant execute on function taskq.configure, taskq.create_api_key, taskq.revoke_api_key to taskq_admin;
--! EndIncluded 9_grants.sql

reset role;
