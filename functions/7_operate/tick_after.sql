create or replace function taskq_private.tick_after(schedule taskq_private.schedules, after timestamptz)
returns timestamptz
language plpgsql
stable
as $$
declare
  v_tick timestamptz := taskq_private.next_tick(
    schedule.masks, schedule.every, schedule.anchor_at, schedule.time_zone, greatest(after, schedule.starts_at - interval '1 microsecond')
  );
begin
  return case when schedule.ends_at is null or v_tick <= schedule.ends_at then v_tick end;
end;
$$;
comment on function taskq_private.tick_after(taskq_private.schedules, timestamptz) is 'The first tick of a schedule after an instant; null if it has none.';
