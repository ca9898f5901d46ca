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
