-- Raises: TQ422, naming the field.
create or replace function taskq_private.check_schedule(name text, catch_up text, timing taskq_private.schedules)
returns void
language plpgsql
stable
as $$
begin
  if (name ~ '^[A-Za-z0-9_.:-]{1,100}$') is not true then
    perform taskq_private.raise_error(taskq_private.invalid('name', 'name must be 1 to 100 of A-Z a-z 0-9 _ . : -'));
  end if;
  if catch_up not in ('none', 'last', 'all') then
    perform taskq_private.raise_error(taskq_private.invalid('catch_up', format('"%s" is no way to catch up', left(catch_up, 50)), 'TQ422', 'Give none, last (one job for all ticks that were missed) or all.'));
  end if;
  if timing.next_run_at is null then
    perform taskq_private.raise_error(taskq_private.invalid('ends_at', 'it would never run: it ends before its next tick', 'TQ422', 'Give a later ends_at, or none.'));
  end if;
end;
$$;
comment on function taskq_private.check_schedule(text, text, taskq_private.schedules) is 'Raises TQ422 for what cannot be a schedule.';
