-- For a reader that begins at the end of the stream. Ids that are not there may be of transactions that are still under way, however
-- many events have come since: one statement, so that what is missing and what is under way are seen at the same moment.
create or replace function taskq.stream_gaps(out last_event_id bigint, out missing bigint[], out next_xid text, out horizon text)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  with ends as (
    select coalesce(max(e.event_id), 0) as last, coalesce(min(e.event_id), 1) as first from taskq_private.job_events as e
  )
  select
    ends.last,
    array(
      select g.id from generate_series(greatest(ends.last - 9999, ends.first), ends.last) as g (id)
      except
      select e.event_id from taskq_private.job_events as e where e.event_id > ends.last - 10000
    ),
    taskq_private.next_xid(),
    pg_snapshot_xmin(pg_current_snapshot())::text
  from ends;
$$;
comment on function taskq.stream_gaps() is
  'The newest event, and the ids before it (10,000 back) that may still come: next_xid and horizon are as in read_events(). Example: select * from taskq.stream_gaps().';
