-- Calls: submit_each. Raises: TQ404, and what a submit would.
create or replace function taskq.run_schedule(name text, out job_id uuid)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_schedule taskq_private.schedules := taskq_private.lock_schedule(run_schedule.name);
  v_job record;
begin
  select * into v_job from taskq.submit_each(jsonb_build_array(
    taskq_private.scheduled_request(v_schedule.name, v_schedule.job, null, null) || jsonb_build_object('created_by', taskq_private.actor())
  ));
  if v_job.error is not null then
    perform taskq_private.raise_error(v_job.error || jsonb_build_object('field', 'job.' || (v_job.error ->> 'field')));
  end if;
  job_id := v_job.job_id;
  perform taskq_private.record_audit('run_schedule', v_schedule.name, jsonb_build_object('job_id', job_id));
end;
$$;
comment on function taskq.run_schedule(text) is 'Submits the job of a schedule now, beside its ticks, and answers its id; paused ones too. Example: select taskq.run_schedule(''nightly'').';
