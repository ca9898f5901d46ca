-- One index probe. Measured here, so that a worker's clock does not matter.
create or replace function taskq_private.next_due_in()
returns double precision
language sql
volatile
as $$
  select extract(epoch from min(w.due_at) - taskq_private.clock())::double precision
  from taskq_private.waiting_jobs as w
  where w.status <> 'blocked';
$$;
comment on function taskq_private.next_due_in() is 'Seconds until the next waiting job is due; null when none is.';
