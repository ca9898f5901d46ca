-- Ticks that are up to 10 seconds late count as on time, and each gets its job whatever catch_up says: schedulers come by once a second. Older
-- ones were missed: none skips them; last makes one job of them, unless a later tick is there in time; all makes a job of each, the
-- oldest first, up to 1000 until it is on time again, so that a year of minutes does not drown the queue.
create or replace function taskq_private.due_ticks(
  schedule taskq_private.schedules, fired_at timestamptz, max_ticks integer,
  out ticks timestamptz[], out missed_since timestamptz, out skipped_from timestamptz, out next_run_at timestamptz, out caught_up integer
)
language plpgsql
stable
as $$
declare
  v_late timestamptz := fired_at - interval '10 seconds'; -- a tick before this was missed
begin
  ticks := '{}';
  next_run_at := schedule.next_run_at;
  caught_up := schedule.caught_up;
  if schedule.catch_up = 'all' then
    while next_run_at < v_late and caught_up < 1000 and cardinality(ticks) < max_ticks loop
      ticks := ticks || next_run_at;
      caught_up := caught_up + 1;
      next_run_at := taskq_private.tick_after(schedule, next_run_at);
    end loop;
    if next_run_at < v_late and caught_up < 1000 then
      return; -- the next call goes on
    end if;
  end if;
  if next_run_at < v_late then
    skipped_from := next_run_at;
    next_run_at := taskq_private.tick_after(schedule, v_late - interval '1 microsecond');
    if schedule.catch_up = 'last' and (next_run_at <= fired_at) is not true then
      ticks := array[taskq_private.last_tick(schedule, skipped_from, v_late)];
      missed_since := skipped_from;
      skipped_from := null;
    end if;
  end if;
  caught_up := 0;
  while next_run_at <= fired_at and cardinality(ticks) < max_ticks loop
    ticks := ticks || next_run_at;
    next_run_at := taskq_private.tick_after(schedule, next_run_at);
  end loop;
end;
$$;
comment on function taskq_private.due_ticks(taskq_private.schedules, timestamptz, integer) is
  'The ticks of a schedule that get a job now, and the one after; missed_since is the first tick that a job stands for, skipped_from the first that gets none.';
