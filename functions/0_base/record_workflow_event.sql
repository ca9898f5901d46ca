create or replace function taskq_private.record_workflow_event(event text, workflow_id uuid)
returns void
language plpgsql
volatile
as $$
begin
  perform taskq_private.start_timeline();
  insert into taskq_private.job_events (at, event, job_ids, lane_ids, workflow_id)
  values (taskq_private.clock(), event, '{}', '{}', workflow_id);
  perform taskq_private.hint('events');
end;
$$;
comment on function taskq_private.record_workflow_event(text, uuid) is 'Writes what happened to a workflow into the stream.';
