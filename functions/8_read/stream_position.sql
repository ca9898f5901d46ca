create or replace function taskq.stream_position(out last_event_id bigint, out first_event_id bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(max(e.event_id), 0), coalesce(min(e.event_id), 0) from taskq_private.job_events as e;
$$;
comment on function taskq.stream_position() is 'The newest and the oldest event that can be read. Example: select * from taskq.stream_position().';
