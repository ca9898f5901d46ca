create or replace function taskq.pause_queue(queue text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_queue_name(pause_queue.queue);
  insert into taskq_private.queues as q (queue, created_at, paused_at, paused_by)
  values (pause_queue.queue, taskq_private.clock(), taskq_private.clock(), taskq_private.actor())
  on conflict on constraint pk_queues do update
  set paused_at = coalesce(q.paused_at, excluded.paused_at), paused_by = coalesce(q.paused_by, excluded.paused_by);
  perform taskq_private.record_audit('pause_queue', pause_queue.queue);
  perform taskq_private.record_queue_event('queue_paused', pause_queue.queue);
end;
$$;
comment on function taskq.pause_queue(text) is 'Stops claims from a queue; what runs goes on, submits are accepted. resume_queue() lets them go on. Example: select taskq.pause_queue(''reports'').';
