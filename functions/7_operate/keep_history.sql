-- One step of what history asks for: a new period when the newest is about to begin, or the oldest dropped when it has been
-- kept long enough. If the tables cannot be had at once, it is tried again in a minute.
-- Locks: see lock_history(), so it comes last in its transaction.
create or replace function taskq_private.keep_history()
returns void
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_horizon timestamptz;
  v_due taskq_private.history_periods;
begin
  select p.*
  into v_due
  from unnest(array['jobs', 'events']) as f (family)
  cross join lateral (select taskq_private.history_ttl(f.family), taskq_private.history_length(f.family)) as kept (ttl, length)
  join taskq_private.history_periods as p on p.family = f.family
  where (p.tried_at is null or p.tried_at < v_now - interval '1 minute')
    and case when p.ends_at = 'infinity' then p.starts_at <= v_now + kept.length else isfinite(p.starts_at) and p.ends_at <= v_now - kept.ttl end
  order by p.ends_at <> 'infinity', p.starts_at
  limit 1;
  if not found then
    return;
  end if;

  if v_due.family = 'jobs' and v_due.ends_at <> 'infinity' then
    v_horizon := v_now - taskq_private.history_ttl('jobs');
    if taskq_private.delete_attached(v_due, v_horizon, 2000) then
      return;
    end if;
  end if;
  update taskq_private.history_periods as p
  set tried_at = v_now, swept_to = null
  where p.family = v_due.family and p.starts_at = v_due.starts_at;
  begin
    if v_due.ends_at = 'infinity' then
      perform taskq_private.open_period(v_due.family);
    else
      perform taskq_private.drop_period(v_due);
    end if;
  exception
    when lock_not_available or deadlock_detected then null;
  end;
end;
$$;
comment on function taskq_private.keep_history() is 'Opens the next period of history, or drops one that has been kept long enough.';
