-- An event may commit after one with a higher id was delivered. Whoever resumes after id N may have missed those whose
-- transaction was under way when N was written; they are delivered again. So is N itself if it tells of several jobs: its
-- reader may have got only some of them.
create or replace function taskq.late_events(since bigint)
returns bigint[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select array(
    select e.event_id
    from taskq_private.job_events as e
    where e.event_id <= since
      and e.event_id > since - 10000
      and (e.event_id <> since or cardinality(e.job_ids) > 1)
      and e.xid >= (select o.horizon from taskq_private.job_events as o where o.event_id = since)
    order by e.event_id
  );
$$;
comment on function taskq.late_events(bigint) is 'The events before this one that its reader may not have seen. Example: select taskq.late_events(1000).';
