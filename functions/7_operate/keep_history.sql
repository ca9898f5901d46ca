-- One step for each family of what history asks for: a new period when the newest is about to begin, or the oldest dropped when it has
-- been kept long enough. If the tables cannot be had at once, it is tried again in a minute; if too much of a period must stay,
-- after another period. Nothing that goes wrong here may keep tick() from the rest of its work.
-- Locks: see lock_history(), so it comes last in its transaction.
create or replace function taskq_private.keep_history()
returns void
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_kept record;
  v_due taskq_private.history_periods;
  v_next_at timestamptz;
begin
  for v_kept in
    select f.family, taskq_private.history_ttl(f.family) as ttl, taskq_private.history_length(f.family) as length
    from unnest(array['jobs', 'events']) as f (family)
  loop
    select p.*
    into v_due
    from taskq_private.history_periods as p
    where p.family = v_kept.family
      and (p.next_at is null or p.next_at <= v_now)
      and case when p.ends_at = 'infinity' then p.starts_at <= v_now + v_kept.length else isfinite(p.starts_at) and p.ends_at <= v_now - v_kept.ttl end
    order by p.ends_at <> 'infinity', p.starts_at
    limit 1;
    continue when not found;
    continue when v_due.family = 'jobs' and v_due.ends_at <> 'infinity' and taskq_private.delete_attached(v_due, v_now - v_kept.ttl, 5000);

    v_next_at := v_now + interval '1 minute';
    begin
      if v_due.ends_at = 'infinity' then
        perform taskq_private.open_period(v_due.family);
      elsif not taskq_private.drop_period(v_due) then
        v_next_at := v_now + v_kept.length;
      end if;
    exception
      when lock_not_available or deadlock_detected then null;
      when others then raise warning 'history of % could not be kept: %', v_due.family, sqlerrm;
    end;
    update taskq_private.history_periods as p
    set next_at = v_next_at, swept_to = null
    where p.family = v_due.family and p.starts_at = v_due.starts_at and p.name = v_due.name;
  end loop;
end;
$$;
comment on function taskq_private.keep_history() is 'Opens the next period of history, or drops one that has been kept long enough.';
