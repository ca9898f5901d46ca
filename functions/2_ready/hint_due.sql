-- Workers know the next due instant as of their last look. A job due before they look again needs a hint. Only what is due after
-- the caller's instant counts, as its own rows are: so nothing that was promoted long ago is walked over.
create or replace function taskq_private.hint_due(since timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  if exists (
    select from taskq_private.waiting_jobs as w where w.status <> 'blocked' and w.due_at >= since and w.due_at <= since + interval '5 seconds'
  ) then
    perform taskq_private.hint('ready');
  end if;
end;
$$;
comment on function taskq_private.hint_due(timestamptz) is 'Wakes workers when something is due soon, so that they set their timers.';
