-- A job that is refused (its type's schema has changed) is its schedule's last_error, and in the audit log when that is a new one; the
-- schedule goes on with its next tick.
create or replace function taskq_private.note_fired(fired taskq_private.schedules[], requests jsonb[], skipped jsonb)
returns integer
language plpgsql
volatile
as $$
declare
  v_submitted integer;
begin
  with answer as materialized (
    select r.request -> 'metadata' ->> 'schedule' as name, a."position", a.job_id, a.error
    from taskq.submit_each(to_jsonb(requests)) as a
    join unnest(requests) with ordinality as r (request, ordinality) on r.ordinality = a."position" + 1
  ), outcome as materialized (
    select
      a.name, count(a.job_id) as submitted,
      (array_agg(a.job_id order by a."position" desc) filter (where a.job_id is not null))[1] as job_id,
      (array_agg(a.error order by a."position" desc))[1] as error
    from answer as a
    group by a.name
  ), noted as (
    update taskq_private.schedules as s
    set next_run_at = f.next_run_at, last_run_at = f.last_run_at, caught_up = f.caught_up, retry_at = null, last_job_id = coalesce(o.job_id, f.last_job_id),
      last_error = case when o.name is null then f.last_error else o.error end
    from unnest(fired) as f
    left join outcome as o on o.name = f.name
    where s.name = f.name
    returning s.name, s.next_run_at, s.last_error, s.last_error is distinct from f.last_error as is_new
  ), audited as (
    insert into taskq_private.audit_log (at, actor, action, target, details)
    select taskq_private.clock(), taskq_private.actor(), 'fire_schedule', n.name, jsonb_strip_nulls(jsonb_build_object(
      'error', case when n.is_new then n.last_error end, 'skipped_from', skipped -> n.name, 'next_run_at', n.next_run_at
    ))
    from noted as n
    where n.is_new and n.last_error is not null or skipped ? n.name
  )
  select coalesce(sum(o.submitted), 0) into v_submitted from outcome as o;
  return v_submitted;
end;
$$;
comment on function taskq_private.note_fired(taskq_private.schedules[], jsonb[], jsonb) is 'Submits what schedules ask for and writes down in each what became of it; answers how many jobs.';
