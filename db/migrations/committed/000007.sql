--! Previous: sha1:ec61e854b406afa2708f636f8a7118cec6c12f84
--! Hash: sha1:9db40b896b7d836b5d804ff96991151a2dceaca8

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
--! Included 0_base/redact_text.sql
-- In this order: a key that comes after Bearer is one secret, not two. What stands after `token:` may be anybody's prose; after `token=` it is a value.
create or replace function taskq_private.redact_text(value text)
returns text
language sql
immutable
as $$
  select regexp_replace(
    regexp_replace(
      regexp_replace(
        regexp_replace(value collate "C", '\m(bearer)[[:space:]]+[A-Za-z0-9._~+/=-]{8,}', '\1 [redacted]', 'gi'),
        '(taskq_[A-Za-z0-9]{1,50})_[A-Za-z0-9]{16,}', '\1_[redacted]', 'g'
      ),
      '(://[^/:@[:space:]]*):[^/[:space:]]+@', '\1:[redacted]@', 'g'
    ),
    '(passw(?:or)?d|passphrase|pwd|secret|token|(?:api|access|private)[-_]?key|credentials?)=("[^"]*"|''[^'']*''|[^[:space:]&;,"'']+)', '\1=[redacted]', 'gi'
  );
$$;
comment on function taskq_private.redact_text(text) is 'A text without API keys, bearer tokens, the passwords of URLs, and what is set as in password=….';
--! EndIncluded 0_base/redact_text.sql
--! Included 0_base/redact.sql
-- A function of schema taskq because views call it for whoever looks.
create or replace function taskq.redact(value jsonb)
returns jsonb
language sql
immutable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select taskq_private.redact_value(value);
$$;
comment on function taskq.redact(jsonb) is
  'A value without its secrets: what is under a key such as password, secret, token, authorization, api_key, cookie, private_key, access_key or credential, at any depth, and in texts API keys, bearer tokens, the passwords of URLs, and what is set as in password=…. Example: select taskq.redact(''{"smtp": {"password": "x"}}'').';
--! EndIncluded 0_base/redact.sql
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
return case
  when value collate "C" ~* 'bearer|taskq_|://[^/]*@|(passw|passphrase|pwd|secret|token|key|credential)[a-z]*=' then taskq.redact(to_jsonb(value)) #>> '{}'
  else value
end;
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
--! Included 7_operate/rotate_api_key.sql
-- Two keys of one holder are good at the same time, and never three. Locks: the old key. Raises: TQ404, TQ409, TQ422.
create or replace function taskq.rotate_api_key(key_id text, grace_seconds integer default 86400)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
  v_old taskq_private.api_keys;
begin
  perform taskq_private.check_scope();
  if (rotate_api_key.grace_seconds between 0 and 31536000) is not true then
    perform taskq_private.raise_error(taskq_private.invalid('grace_seconds', 'grace_seconds must be a whole number from 0 to 31536000'));
  end if;
  select * into v_old from taskq_private.api_keys as k where k.key_id = rotate_api_key.key_id for update;
  if not found then
    raise exception 'no api key %', rotate_api_key.key_id using errcode = 'TQ404', hint = 'Give the part between the two underscores; taskq.api_keys lists them.';
  end if;
  if not taskq_private.is_live(v_old, v_now) then
    raise exception 'api key % has ended', rotate_api_key.key_id using errcode = 'TQ409', detail = 'ended', hint = 'Make a new one with issue_api_key().';
  end if;
  if exists (
    select from taskq_private.api_keys as k
    where (k.rotated_from = v_old.key_id or k.key_id = v_old.rotated_from) and taskq_private.is_live(k, v_now)
  ) then
    raise exception 'api key % is being rotated already', rotate_api_key.key_id
      using errcode = 'TQ409', detail = 'rotating', hint = 'Two keys are good at a time: wait until the older one has ended, or revoke it.';
  end if;
  update taskq_private.api_keys as k
  set expires_at = least(k.expires_at, v_now + rotate_api_key.grace_seconds * interval '1 second')
  where k.key_id = v_old.key_id;
  return taskq_private.store_api_key('rotate_api_key', v_old.name, v_old.role, v_old.queues, v_now + (v_old.expires_at - v_old.created_at), v_old.key_id);
end;
$$;
comment on function taskq.rotate_api_key(text, integer) is
  'Makes the successor of a key, of the same name, role, queues and length of life, and answers it, this once. The old one is good for grace_seconds more (a day unless said otherwise). Example: select taskq.rotate_api_key(''0123456789ab'', grace_seconds => 3600).';
--! EndIncluded 7_operate/rotate_api_key.sql
--! Included 7_operate/is_live.sql
create or replace function taskq_private.is_live(key taskq_private.api_keys, now timestamptz)
returns boolean
language sql
immutable
as $$
  select key.revoked_at is null and (key.expires_at is null or key.expires_at > now);
$$;
comment on function taskq_private.is_live(taskq_private.api_keys, timestamptz) is 'Whether a key is good: neither revoked nor expired.';
--! EndIncluded 7_operate/is_live.sql
--! Included 7_operate/find_api_key.sql
-- Both parts are compared as hashes, in constant time for their length. None for a key that is not valid.
create or replace function taskq_private.find_api_key(api_key text)
returns setof taskq_private.api_keys
language sql
stable
as $$
  select k.*
  from taskq_private.api_keys as k
  where k.key_id = split_part(api_key, '_', 2)
    and k.secret_hash = sha256(convert_to(split_part(api_key, '_', 3), 'UTF8'))
    and split_part(api_key, '_', 1) = 'taskq'
    and taskq_private.is_live(k, taskq_private.clock());
$$;
comment on function taskq_private.find_api_key(text) is 'The key that this is, if it is valid.';
--! EndIncluded 7_operate/find_api_key.sql
--! Included 7_operate/has_api_key.sql
create or replace function taskq.has_api_key()
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select exists (select from taskq_private.api_keys as k where taskq_private.is_live(k, taskq_private.clock()));
$$;
comment on function taskq.has_api_key() is 'Whether any key is valid: a server that others can reach does not start without one. Example: select taskq.has_api_key().';
--! EndIncluded 7_operate/has_api_key.sql
--! Included 7_operate/live_api_keys.sql
create or replace function taskq.live_api_keys(key_ids text[])
returns text[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select array(
    select k.key_id
    from taskq_private.api_keys as k
    where k.key_id = any (key_ids) and taskq_private.is_live(k, taskq_private.clock())
  );
$$;
comment on function taskq.live_api_keys(text[]) is 'Which of these keys, given by their ids, are still good: a server asks for those that hold WebSockets open. Example: select * from taskq.live_api_keys(''{0123456789ab}'').';
--! EndIncluded 7_operate/live_api_keys.sql
--! Included 7_operate/redeem_ticket.sql
-- Deleting it is what makes it good for one use: of two who try, one finds it. Raises: TQ401.
create or replace function taskq.redeem_ticket(
  ticket text, out key_id text, out name text, out role text, out queues text[], out expires_in_seconds double precision
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
  v_ticket taskq_private.tickets;
begin
  delete from taskq_private.tickets as t
  where t.ticket_hash = sha256(convert_to(redeem_ticket.ticket, 'UTF8'))
  returning * into v_ticket;
  if found and v_ticket.expires_at > v_now and v_ticket.key_id is null then
    role := 'taskq_operator';
    return;
  end if;
  select k.key_id, k.name, k.role, k.queues, extract(epoch from k.expires_at - v_now)
  into key_id, name, role, queues, expires_in_seconds
  from taskq_private.api_keys as k
  where v_ticket.expires_at > v_now and k.key_id = v_ticket.key_id and taskq_private.is_live(k, v_now);
  if not found then
    raise exception 'the ticket is not valid' using errcode = 'TQ401', hint = 'POST /tickets gives one, which is good once and for 30 seconds.';
  end if;
end;
$$;
comment on function taskq.redeem_ticket(text) is 'Whose ticket this is, as authenticate_api_key() says it of a key; raises TQ401 for one that was used, has expired, or whose key has ended. Example: select * from taskq.redeem_ticket(''…'').';
--! EndIncluded 7_operate/redeem_ticket.sql
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
--! Included 8_read/next_xid.sql
-- The xmax of a snapshot will not do: it is one more than the highest id that has *ended*, and whoever is under way may have a higher one. The
-- age of an id counts to the next one that will be given out, as of the first time that a transaction asks.
create or replace function taskq_private.next_xid()
returns text
language sql
stable
as $$
  select (s.xmax::text::bigint + greatest(age(s.xmax::xid), 0))::text
  from (select pg_snapshot_xmax(pg_current_snapshot())) as s (xmax);
$$;
comment on function taskq_private.next_xid() is
  'The first transaction id that is not given out yet: each transaction that this snapshot does not see has a lower one, or has not begun to write. Ask once in a transaction.';
--! EndIncluded 8_read/next_xid.sql
--! Included 8_read/read_events.sql
-- For readers of the stream. Event ids become visible out of order, so a reader asks for what is after its position and for
-- the ids that it has not seen yet; an id still missing when no transaction older than `next_xid` (as of when it was first
-- missed) is under way, that is when `horizon` has passed it, will never come. Each call is a transaction of its own.
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
    'next_xid', taskq_private.next_xid(),
    'events', coalesce((
      select json_agg(json_build_object(
        'id', b.event_id, 'at', b.at, 'event', b.event, 'queue', case when taskq_private.sees_queue(b.queue) then b.queue end,
        'workflow_id', case when taskq_private.sees_queue(null) then b.workflow_id end,
        'jobs', (
          select json_agg(json_build_object(
            'job_id', u.job_id, 'type', l.type, 'queue', l.queue, 'priority', l.priority, 'attempt', u.attempt, 'data', u.data
          ) order by u.position)
          from rows from (unnest(b.job_ids), unnest(b.lane_ids), unnest(b.attempts), jsonb_array_elements(taskq_private.shown(b.data)))
            with ordinality as u (job_id, lane_id, attempt, data, position)
          join taskq_private.lanes as l on l.lane_id = u.lane_id and taskq_private.sees_queue(l.queue)
        )
      ) order by b.event_id)
      from batch as b
    ), '[]')
  );
$$;
comment on function taskq.read_events(bigint, bigint[], integer) is
  'Events after a position, and missing ones that have come since, as {"horizon", "next_xid", "events": [{"id", "at", "event", "queue", "workflow_id", "jobs": [...]}]}. An id that was passed over may still come: give it as missing until a later horizon has reached the next_xid of the answer that passed it, each call in a transaction of its own. Example: select taskq.read_events(since => 0, max_events => 10).';
--! EndIncluded 8_read/read_events.sql
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
    taskq_private.next_xid(),
    pg_snapshot_xmin(pg_current_snapshot())::text
  from ends;
$$;
comment on function taskq.stream_gaps() is
  'The newest event, and the ids before it (10,000 back) that may still come: next_xid and horizon are as in read_events(). Example: select * from taskq.stream_gaps().';
--! EndIncluded 8_read/stream_gaps.sql

reset role;
