-- Raises: TQ404 for a queue that nobody named.
create or replace function taskq.resume_queue(queue text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_scope(resume_queue.queue);
  update taskq_private.queues as q set paused_at = null, paused_by = null where q.queue = resume_queue.queue;
  if not found then
    raise exception 'no queue "%"', resume_queue.queue using errcode = 'TQ404', hint = 'select * from taskq.queues lists them.';
  end if;
  perform taskq_private.record_audit('resume_queue', resume_queue.queue);
  perform taskq_private.record_queue_event('queue_resumed', resume_queue.queue);
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq.resume_queue(text) is 'Lets claims from a queue go on. TQ404 for an unknown queue. Example: select taskq.resume_queue(''reports'').';
