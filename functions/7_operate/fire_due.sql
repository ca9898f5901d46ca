-- A tick and its job are one transaction: next_run_at goes on in the one that submits, under the lock of the schedule's row, so each tick has
-- exactly one job, whoever else is firing and wherever this one is killed.
-- Calls: due_ticks, submit_each, note_fired. Locks: the schedules, by name, skipping those that are in hand; then what a submit locks.
create or replace function taskq_private.fire_due(names text[], fired_at timestamptz)
returns integer
language plpgsql
volatile
as $$
declare
  v_schedule taskq_private.schedules;
  v_max_ticks integer := least(100, 1000 / cardinality(names) + 1); -- 2000 jobs in all
  v_plan record;
  v_tick timestamptz;
  v_fired taskq_private.schedules[] := '{}';
  v_requests jsonb[] := '{}';
  v_skipped jsonb := '{}';
begin
  for v_schedule in
    select s.*
    from taskq_private.schedules as s
    where s.name = any (names) and s.next_run_at <= fired_at
    order by s.name
    for update skip locked
  loop
    v_plan := taskq_private.due_ticks(v_schedule, fired_at, v_max_ticks);
    foreach v_tick in array v_plan.ticks loop -- one by one: an array that is joined to another is copied
      v_requests := v_requests || taskq_private.scheduled_request(v_schedule.name, v_schedule.job, v_tick, v_plan.missed_since);
    end loop;
    if v_plan.skipped_from is not null then
      v_skipped := v_skipped || jsonb_build_object(v_schedule.name, v_plan.skipped_from);
    end if;
    v_schedule.last_run_at := coalesce(v_plan.ticks[cardinality(v_plan.ticks)], v_schedule.last_run_at);
    v_schedule.next_run_at := v_plan.next_run_at;
    v_schedule.caught_up := v_plan.caught_up;
    v_fired := v_fired || v_schedule;
  end loop;
  return taskq_private.note_fired(v_fired, v_requests, v_skipped);
end;
$$;
comment on function taskq_private.fire_due(text[], timestamptz) is 'Fires these schedules, as far as they are due and nobody else has them in hand; answers how many jobs.';
