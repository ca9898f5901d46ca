-- While an old snapshot is held somewhere, what was promoted cannot be removed, and each look would walk over all of it. So a look
-- that read much is remembered by this session: until 20 times as long has passed, the next ones begin a tenth of a second before it.
-- What commits behind that, late, waits until then, or for tick(), which always begins at the beginning.
create or replace function taskq_private.first_due_at()
returns timestamptz
language plpgsql
volatile
as $$
declare
  v_began timestamptz := taskq_private.clock();
  v_read bigint := pg_stat_get_xact_blocks_fetched('taskq_private.waiting_jobs'::regclass);
  v_floor jsonb := taskq_private.session_floor('taskq.due_floor');
  v_due_at timestamptz := (
    select min(w.due_at)
    from taskq_private.waiting_jobs as w
    where w.status <> 'blocked' and w.due_at >= coalesce(to_timestamp((v_floor ->> 'at')::float8), '-infinity')
  );
begin
  if pg_stat_get_xact_blocks_fetched('taskq_private.waiting_jobs'::regclass) - v_read > 16 then
    perform taskq_private.keep_floor('taskq.due_floor', v_floor, v_began, jsonb_build_object(
      'at', extract(epoch from least(v_due_at, v_began) - interval '100 milliseconds')
    ));
  end if;
  return v_due_at;
end;
$$;
comment on function taskq_private.first_due_at() is 'When the next waiting job is due; null when none is.';
