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
