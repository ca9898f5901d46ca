create or replace function taskq.set_queue_aging(queue text, aging_seconds integer)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_queue_name(set_queue_aging.queue);
  insert into taskq_private.queues as q (queue, created_at, aging_seconds)
  values (set_queue_aging.queue, taskq_private.clock(), set_queue_aging.aging_seconds)
  on conflict on constraint pk_queues do update set aging_seconds = excluded.aging_seconds;
  perform taskq_private.record_audit('set_queue_aging', set_queue_aging.queue, to_jsonb(set_queue_aging.aging_seconds));
end;
$$;
comment on function taskq.set_queue_aging(text, integer) is
  'Lets waiting weigh against priority in a queue: so many seconds of waiting are worth one level. Null for strict priority. Example, a low job passes a high one that came 20 minutes after it: select taskq.set_queue_aging(''reports'', 600).';
