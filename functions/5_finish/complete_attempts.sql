-- running -> completed.
create or replace function taskq_private.complete_attempts(ended taskq_private.ended_attempt[])
returns void
language plpgsql
volatile
as $$
declare
  v_job_ids uuid[];
  v_lane_ids integer[];
  v_attempts smallint[];
begin
  insert into taskq_private.finished_jobs (job_id, lane_id, status, attempt, outcome, finished_at, started_at, claim_id, worker_id, result)
  select e.job_id, e.lane_id, 'completed', e.attempt, 'completed', taskq_private.clock(), e.started_at, e.claim_id, e.worker_id, e.result
  from unnest(ended) as e;

  select array_agg(e.job_id), array_agg(e.lane_id), array_agg(e.attempt) into v_job_ids, v_lane_ids, v_attempts from unnest(ended) as e;
  perform taskq_private.record_event('job_completed', v_job_ids, v_lane_ids, v_attempts);
  perform taskq_private.leave_keys(v_job_ids);
  perform taskq_private.count_workflow_jobs(v_job_ids, 1);
  perform taskq_private.settle_dependents(v_job_ids, 'completed');
end;
$$;
comment on function taskq_private.complete_attempts(taskq_private.ended_attempt[]) is 'Records completions and lets their dependents go.';
