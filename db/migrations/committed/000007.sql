--! Previous: sha1:ec61e854b406afa2708f636f8a7118cec6c12f84
--! Hash: sha1:ceee01ec07d36b2641457576bf69ee2dba85623e

--! split: 1-current.sql
set local role taskq_owner;

--! Included 0_base/sees_queue.sql
-- taskq.queues is what a door sets for the key of its caller, for one transaction. Plain SQL of nothing but pg_catalog: it becomes part
-- of the queries and views that ask, for roles that may not look into this schema; `return` binds names here, whatever search_path they
-- have. Put as `is not null`, it is expected to hold of nearly every row, as it nearly always does: planners that expect few rows would
-- begin with the lanes.
create or replace function taskq_private.sees_queue(queue text)
returns boolean
language sql
stable
return nullif(coalesce(current_setting('taskq.queues', true), '') = '', false) is not null
  or sees_queue.queue = any (nullif(current_setting('taskq.queues', true), '')::text[]);
comment on function taskq_private.sees_queue(text) is 'Whether the caller''s key is for this queue, or for all; null stands for what is of no queue, or of all.';
--! EndIncluded 0_base/sees_queue.sql
--! Included 0_base/sees_job.sql
create or replace function taskq_private.sees_job(job_id uuid)
returns boolean
language sql
stable
as $$
  select taskq_private.queue_scope() is null or exists (
    select
    from taskq_private.job_specs as s
    join taskq_private.lanes as l on l.lane_id = s.lane_id
    where s.job_id = sees_job.job_id and taskq_private.sees_queue(l.queue)
  );
$$;
comment on function taskq_private.sees_job(uuid) is 'Whether a job is in a queue that the caller''s key is for.';
--! EndIncluded 0_base/sees_job.sql
--! Included 0_base/shown.sql
-- Few values hold a secret, so two looks come first, each cheaper than what it saves: for bits of the words, then for the words, which are
-- those of redact_value() and redact_text(); nothing that those would change may pass. Plain SQL that becomes part of the views that ask,
-- for roles that may not look into this schema; `return` binds names here, whatever search_path and functions they have.
create or replace function taskq_private.shown(value jsonb)
returns jsonb
language sql
stable
return case
  when lower(value::text collate "C") like any ('{%pass%,%pwd%,%secret%,%token%,%authorization%,%key%,%cookie%,%credential%,%bearer%,%taskq\\_%,%://%}'::text[])
    and value::text collate "C" ~* 'passw|passphrase|pwd|secret|token|authorization|api[-_ ]?key|cookie|private[-_ ]?key|access[-_ ]?key|credential|bearer|taskq_|://[^/]*@'
    then taskq.redact(value)
  else value
end;
comment on function taskq_private.shown(jsonb) is 'A value as it may be shown: redacted if it may hold a secret.';
--! EndIncluded 0_base/shown.sql
--! Included 0_base/shown_text.sql
create or replace function taskq_private.shown_text(value text)
returns text
language sql
stable
return case when value collate "C" ~* 'bearer|taskq_|://[^/]*@' then taskq.redact(to_jsonb(value)) #>> '{}' else value end;
comment on function taskq_private.shown_text(text) is 'A text as it may be shown: redacted if it may hold a secret.';
--! EndIncluded 0_base/shown_text.sql
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
  v_first_id uuid; -- that may be told
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
        v_first_id := case when taskq_private.sees_job(v_first.job_id) then v_first.job_id end;
        v_job.error := taskq_private.invalid(
          'idempotency_key', format('idempotency_key "%s" was used%s for another request', v_job.idempotency_key, ' by job ' || v_first_id),
          'TQ410', 'Use a new key for a new request.'
        ) || jsonb_strip_nulls(jsonb_build_object('job_id', v_first_id));
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
  v_seen_id uuid; -- the caller's key may be for some queues only
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

    v_seen_id := case when taskq_private.sees_workflow(v_first.workflow_id) then v_first.workflow_id end;
    if v_first.request_hash <> v_hash or v_seen_id is null then
      perform taskq_private.raise_error(taskq_private.invalid(
        'workflow.idempotency_key', format('idempotency_key "%s" was used%s for another request', v_first.idempotency_key, ' by workflow ' || v_seen_id),
        'TQ410', 'Use a new key for a new request.'
      ) || jsonb_strip_nulls(jsonb_build_object('job_id', v_seen_id)));
    end if;
    workflow_id := v_first.workflow_id;
    is_repeated := true;
    exit;
  end loop;
end;
$$;
comment on function taskq_private.start_workflow(jsonb, jsonb, timestamptz) is 'Makes a workflow, or finds the one of an earlier request under the same key.';
--! EndIncluded 1_submit/start_workflow.sql
--! Included 2_ready/store_keys.sql
-- What the jobs of a submit say of how many of their key may run. The latest that says something decides, unless it was set by hand, or
-- the caller is not for the queue of a job that has the key: then what is said is passed over.
-- Locks: the keys, in their order; then parked jobs.
create or replace function taskq_private.store_keys(jobs taskq_private.submission[])
returns void
language plpgsql
volatile
as $$
declare
  v_limits jsonb := (
    select jsonb_object_agg(k.concurrency_key, case
      when taskq_private.queue_scope() is null or k.max_running is null or not exists (
        select
        from taskq_private.concurrency_keys as c
        join taskq_private.job_specs as s on s.concurrency_key = c.concurrency_key
        join taskq_private.lanes as l on l.lane_id = s.lane_id
        where c.concurrency_key = k.concurrency_key and c.max_running <> k.max_running and not taskq_private.sees_queue(l.queue)
      ) then k.max_running
    end)
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
--! Included 8_read/preview_claim.sql
-- The plan of the claim itself, with nothing locked and nothing taken.
create or replace function taskq_private.preview_claim(worker taskq_private.workers, max_jobs integer default null)
returns table (place bigint, job_id uuid, type text, queue text, priority smallint, cpu_units numeric, memory_mb integer)
language plpgsql
stable
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_plan record;
begin
  if worker.status <> 'active' then
    return;
  end if;
  v_plan := taskq_private.plan_claim(worker, least(coalesce(preview_claim.max_jobs, worker.concurrency), 1000), false);
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
comment on function taskq_private.preview_claim(taskq_private.workers, integer) is 'What a worker would take now, in order; of all queues, whoever asks.';
--! EndIncluded 8_read/preview_claim.sql
--! Included 8_read/claim_preview.sql
-- Calls: preview_claim. Raises: TQ404; 42501 for a key that is for some queues only.
create or replace function taskq.claim_preview(worker_id uuid, max_jobs integer default null)
returns table (place bigint, job_id uuid, type text, queue text, priority smallint, cpu_units numeric, memory_mb integer)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_worker taskq_private.workers;
begin
  perform taskq_private.check_scope();
  select * into v_worker from taskq_private.workers as w where w.worker_id = claim_preview.worker_id;
  if not found then
    raise exception 'worker % is not registered', claim_preview.worker_id using errcode = 'TQ404', hint = 'select worker_id from taskq.workers lists them.';
  end if;
  return query select p.* from taskq_private.preview_claim(v_worker, claim_preview.max_jobs) as p;
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
      select w as worker, w.worker_id from taskq_private.workers as w
      where w.status = 'active' and lane.type = any (w.types) and (w.queues is null or lane.queue = any (w.queues))
      order by w.worker_number limit 100
    ) as w
    where exists (select from taskq_private.preview_claim(w.worker) as p where p.job_id = explain_ready.job_id)
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

reset role;
