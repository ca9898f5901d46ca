-- A NOTIFY holds a database-wide lock until its commit is flushed, so few sessions may do it at a time: whoever gets one
-- of four guards notifies, the others' work is found by the same wake-up, by the look after it, or by the next poll.
-- The payload says only that something changed. A full notification queue must not fail the transaction.
create or replace function taskq_private.hint(topic text)
returns void
language plpgsql
volatile
as $$
begin
  if pg_try_advisory_xact_lock(1952541555, hashtext(topic) # (pg_backend_pid() & 3))
    and pg_notification_queue_usage() < 0.5
  then
    perform pg_notify('taskq_' || topic, '');
  end if;
end;
$$;
comment on function taskq_private.hint(text) is 'Tells listeners of taskq_<topic> that there is something to look at.';
