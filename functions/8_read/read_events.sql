-- For readers of the stream. Event ids become visible out of order, so a reader asks for what is after its position and for
-- the ids that it has not seen yet; an id still missing when no transaction older than `next_xid` (as of when it was first
-- missed) is under way, that is when `horizon` has passed it, will never come. Each call is a transaction of its own.
create or replace function taskq.read_events(since bigint, missing bigint[] default '{}', max_events integer default 500)
returns json
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  with batch as (
    (select e.* from taskq_private.job_events as e where e.event_id > since order by e.event_id limit max_events)
    union all
    select e.* from taskq_private.job_events as e where e.event_id = any (missing)
  )
  select json_build_object(
    'horizon', pg_snapshot_xmin(pg_current_snapshot())::text,
    'next_xid', taskq_private.next_xid(),
    'events', coalesce((
      select json_agg(json_build_object(
        'id', b.event_id, 'at', b.at, 'event', b.event, 'queue', case when taskq_private.sees_queue(b.queue) then b.queue end,
        'workflow_id', case when taskq_private.sees_queue(null) then b.workflow_id end,
        'jobs', (
          select json_agg(json_build_object(
            'job_id', u.job_id, 'type', l.type, 'queue', l.queue, 'priority', l.priority, 'attempt', u.attempt, 'data', u.data
          ) order by u.position)
          from rows from (unnest(b.job_ids), unnest(b.lane_ids), unnest(b.attempts), jsonb_array_elements(taskq_private.shown(b.data)))
            with ordinality as u (job_id, lane_id, attempt, data, position)
          join taskq_private.lanes as l on l.lane_id = u.lane_id and taskq_private.sees_queue(l.queue)
        )
      ) order by b.event_id)
      from batch as b
    ), '[]')
  );
$$;
comment on function taskq.read_events(bigint, bigint[], integer) is
  'Events after a position, and missing ones that have come since, as {"horizon", "next_xid", "events": [{"id", "at", "event", "queue", "workflow_id", "jobs": [...]}]}. An id that was passed over may still come: give it as missing until a later horizon has reached the next_xid of the answer that passed it, each call in a transaction of its own. Example: select taskq.read_events(since => 0, max_events => 10).';
