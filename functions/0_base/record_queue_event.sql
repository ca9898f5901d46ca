create or replace function taskq_private.record_queue_event(event text, queue text)
returns void
language plpgsql
volatile
as $$
begin
  perform taskq_private.start_timeline();
  insert into taskq_private.job_events (at, event, job_ids, lane_ids, queue)
  values (taskq_private.clock(), event, '{}', '{}', queue);
  perform taskq_private.hint('events');
end;
$$;
comment on function taskq_private.record_queue_event(text, text) is 'Writes what happened to a queue into the stream.';
