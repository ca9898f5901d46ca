create or replace function taskq_private.defer_schedule(name text, error jsonb)
returns void
language plpgsql
volatile
as $$
declare
  v_known jsonb;
begin
  select s.last_error into v_known from taskq_private.schedules as s where s.name = defer_schedule.name for update;
  update taskq_private.schedules as s
  set last_error = error, retry_at = taskq_private.clock() + interval '1 minute'
  where s.name = defer_schedule.name;
  if v_known is distinct from error then
    perform taskq_private.record_audit('fire_schedule', defer_schedule.name, jsonb_build_object('error', error));
  end if;
end;
$$;
comment on function taskq_private.defer_schedule(text, jsonb) is 'Leaves a schedule that cannot be fired at all for a minute; its tick stays due.';
