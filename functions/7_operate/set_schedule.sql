-- Set again with the same timing, as each start of an application may do, it keeps its place: a tick that is due is not lost, and one
-- that has been is not repeated. With another timing it goes on after now.
-- Locks: the schedule. Raises: TQ422, fields of the job as job.type; 42501 for a queue that the caller's key is not for.
create or replace function taskq.set_schedule(
  name text, job jsonb, cron text default null, every interval default null, time_zone text default 'UTC', catch_up text default 'last',
  starts_at timestamptz default null, ends_at timestamptz default null, out next_run_at timestamptz
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
  v_new taskq_private.schedules := taskq_private.read_timing(cron, every, coalesce(time_zone, 'UTC'), starts_at, ends_at, v_now);
  v_old taskq_private.schedules;
begin
  perform taskq_private.check_schedule(set_schedule.name, coalesce(catch_up, 'last'), v_new);
  perform taskq_private.check_scope(coalesce(set_schedule.job ->> 'queue', 'default'));
  v_new.name := set_schedule.name;
  v_new.job := taskq_private.check_scheduled_job(set_schedule.name, set_schedule.job, v_now);
  v_new.catch_up := coalesce(catch_up, 'last');
  v_new.created_at := v_now;
  v_new.created_by := taskq_private.actor();
  v_new.caught_up := 0;
  loop
    insert into taskq_private.schedules select v_new.* on conflict do nothing;
    exit when found;
    select * into v_old from taskq_private.schedules as s where s.name = set_schedule.name for update;
    continue when not found; -- deleted between the two statements
    perform taskq_private.check_scope(coalesce(v_old.job ->> 'queue', 'default'));
    if v_old.every is not distinct from v_new.every and v_old.starts_at is not distinct from v_new.starts_at then
      v_new.anchor_at := v_old.anchor_at;
    end if;
    v_new.next_run_at := case
      when v_old.paused_at is not null then null
      when (v_old.masks, v_old.every, v_old.time_zone, v_old.starts_at, v_old.ends_at, v_old.anchor_at)
        is not distinct from (v_new.masks, v_new.every, v_new.time_zone, v_new.starts_at, v_new.ends_at, v_new.anchor_at) then v_old.next_run_at
      else taskq_private.tick_after(v_new, greatest(v_now, v_old.last_run_at))
    end;
    update taskq_private.schedules as s
    set job = v_new.job, cron = v_new.cron, every = v_new.every, time_zone = v_new.time_zone, catch_up = v_new.catch_up, starts_at = v_new.starts_at,
      ends_at = v_new.ends_at, masks = v_new.masks, anchor_at = v_new.anchor_at, next_run_at = v_new.next_run_at, retry_at = null
    where s.name = set_schedule.name;
    exit;
  end loop;
  perform taskq_private.record_audit('set_schedule', set_schedule.name, jsonb_strip_nulls(jsonb_build_object(
    'cron', v_new.cron, 'every', v_new.every, 'time_zone', v_new.time_zone, 'catch_up', v_new.catch_up, 'type', v_new.job -> 'type', 'next_run_at', v_new.next_run_at
  )));
  next_run_at := v_new.next_run_at;
end;
$$;
comment on function taskq.set_schedule(text, jsonb, text, interval, text, text, timestamptz, timestamptz) is
  'Makes a schedule, or changes one that is there: job, as POST /jobs takes it, is submitted at each tick of cron (five fields, or @daily) in a time zone, or every so often. Answers when it runs next. catch_up says what becomes of ticks that nobody was there for: none, last (one job for all of them) or all. A job with a concurrency_key does not run beside the one before. Example: select taskq.set_schedule(''nightly'', ''{"type": "echo"}'', cron => ''30 2 * * *'', time_zone => ''Europe/Berlin'').';
