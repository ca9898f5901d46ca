-- What matching_job_ids() is for the newest, from the other end: ids that match the filters, oldest first;
-- there it says why it is planned for the values given.
create or replace function taskq_private.oldest_job_ids(
  status taskq.job_status[], type text[], queue text[], priority smallint[], newest uuid, oldest uuid, after uuid,
  run_at_from timestamptz, run_at_to timestamptz, metadata jsonb, workflow_id uuid, max_rows integer
)
returns setof uuid
language plpgsql
stable
set plan_cache_mode = force_custom_plan
as $$
declare
  v_lane_ids integer[] := array(
    select l.lane_id
    from taskq_private.lanes as l
    where (oldest_job_ids.type is null or l.type = any (oldest_job_ids.type))
      and (oldest_job_ids.queue is null or l.queue = any (oldest_job_ids.queue))
      and (oldest_job_ids.priority is null or l.priority = any (oldest_job_ids.priority))
      and taskq_private.sees_queue(l.queue)
  );
  v_statuses taskq.job_status[] := array(select distinct unnest(coalesce(oldest_job_ids.status, enum_range(null::taskq.job_status))));
  v_running uuid[] := array(select unnest(c.job_ids) from taskq_private.claims as c where 'running' = any (oldest_job_ids.status));
begin
  if workflow_id is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.workflow_id = oldest_job_ids.workflow_id
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest and s.job_id > after
        and (oldest_job_ids.metadata is null or s.metadata @> oldest_job_ids.metadata)
        and (run_at_from is null or s.run_at >= run_at_from) and (run_at_to is null or s.run_at < run_at_to)
        and (oldest_job_ids.status is null or exists (select from taskq_private.in_status(s.job_id, s.lane_id, v_statuses, v_running)))
      order by s.job_id
      limit max_rows;
  elsif metadata is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.metadata @> oldest_job_ids.metadata
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest and s.job_id > after
        and (run_at_from is null or s.run_at >= run_at_from) and (run_at_to is null or s.run_at < run_at_to)
        and (oldest_job_ids.status is null or exists (select from taskq_private.in_status(s.job_id, s.lane_id, v_statuses, v_running)))
      order by s.job_id
      limit max_rows;
  elsif run_at_from is not null or run_at_to is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.run_at >= coalesce(run_at_from, '-infinity') and s.run_at < coalesce(run_at_to, 'infinity')
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest and s.job_id > after
        and (oldest_job_ids.status is null or exists (select from taskq_private.in_status(s.job_id, s.lane_id, v_statuses, v_running)))
      order by s.job_id
      limit max_rows;
  else
    return query select m.job_id from taskq_private.oldest_places(v_lane_ids, v_statuses, newest, oldest, after, max_rows) as m;
  end if;
end;
$$;
comment on function taskq_private.oldest_job_ids(
  taskq.job_status[], text[], text[], smallint[], uuid, uuid, uuid, timestamptz, timestamptz, jsonb, uuid, integer
) is 'The ids of jobs that match, oldest first, after an id.';
