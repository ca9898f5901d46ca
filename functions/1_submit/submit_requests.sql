-- The path of every submit. A graph is a list whose jobs may name each other, and is stored whole or not at all.
-- Locks: idempotency keys in order, then the places of dependencies (lock_parents). Raises: a graph's first error.
create or replace function taskq_private.submit_requests(requests jsonb, submitted_at timestamptz, is_graph boolean, workflow_id uuid default null)
returns taskq_private.submission[]
language plpgsql
volatile
as $$
declare
  v_jobs taskq_private.submission[] := taskq_private.read_requests(requests, submitted_at);
  v_is_scoped boolean := taskq_private.queue_scope() is not null;
  v_some record;
begin
  if v_is_scoped then
    v_jobs := taskq_private.refuse_foreign(v_jobs);
  end if;
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
    if v_is_scoped then
      v_jobs := taskq_private.refuse_foreign(v_jobs);
    end if;
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

  if v_some.has_error or v_some.is_unchecked or v_some.has_key or v_some.waits or v_is_scoped then -- some may not be to be stored
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
