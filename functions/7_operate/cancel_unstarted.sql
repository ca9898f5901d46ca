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
