-- As first_due_at() does: while an old snapshot is held somewhere, each tick that was fired leaves a row behind that cannot be removed, so a look
-- that read much is remembered by this session, and the next ones begin a tenth of a second before it.
create or replace function taskq_private.first_tick_at()
returns timestamptz
language plpgsql
volatile
as $$
declare
  v_began timestamptz := taskq_private.clock();
  v_read bigint := pg_stat_get_xact_blocks_fetched('taskq_private.schedules'::regclass);
  v_floor jsonb := taskq_private.session_floor('taskq.tick_floor');
  v_at timestamptz := to_timestamp((v_floor ->> 'at')::float8);
  v_tick_at timestamptz := (
    select min(s.next_run_at)
    from taskq_private.schedules as s
    where s.next_run_at >= case when v_at <= v_began then v_at else '-infinity' end -- a clock that was put back makes it worthless
  );
begin
  if pg_stat_get_xact_blocks_fetched('taskq_private.schedules'::regclass) - v_read > 16 then
    perform taskq_private.keep_floor('taskq.tick_floor', v_floor, v_began, jsonb_build_object(
      'at', extract(epoch from least(v_tick_at, v_began) - interval '100 milliseconds')
    ));
  end if;
  return v_tick_at;
end;
$$;
comment on function taskq_private.first_tick_at() is 'When the first schedule is due; null when none will be.';
