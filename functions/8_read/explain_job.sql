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
  'Why a job is not running: every reason with a code (waiting_until, blocked_by, held_by, concurrency_limit, queue_paused, no_worker_for_type, larger_than_every_worker, larger_than_pool, pool_exhausted, waiting_for_capacity, or runnable), a sentence, and details. TQ404 for an unknown job. Example: select code, message from taskq.explain_job(:''job'').';
