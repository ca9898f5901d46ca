-- Ids that match the filters, newest first. Each place shows the first rows of each lane from an index, and these are
-- merged: the cost follows the page and the number of lanes, not the number of jobs. Filters on what only the spec knows
-- start from the spec's own indexes. Planned for the values given: a plan for any of them reads by id, and filters all there are.
create or replace function taskq_private.matching_job_ids(
  status taskq.job_status[], type text[], queue text[], priority smallint[], newest uuid, oldest uuid,
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
    where (matching_job_ids.type is null or l.type = any (matching_job_ids.type))
      and (matching_job_ids.queue is null or l.queue = any (matching_job_ids.queue))
      and (matching_job_ids.priority is null or l.priority = any (matching_job_ids.priority))
      and taskq_private.sees_queue(l.queue)
  );
  v_statuses taskq.job_status[] := array(select distinct unnest(coalesce(matching_job_ids.status, enum_range(null::taskq.job_status))));
  v_running uuid[] := array(select unnest(c.job_ids) from taskq_private.claims as c where 'running' = any (matching_job_ids.status));
begin
  if workflow_id is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.workflow_id = matching_job_ids.workflow_id
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest
        and (matching_job_ids.metadata is null or s.metadata @> matching_job_ids.metadata)
        and (run_at_from is null or s.run_at >= run_at_from) and (run_at_to is null or s.run_at < run_at_to)
        and (matching_job_ids.status is null or exists (select from taskq_private.in_status(s.job_id, s.lane_id, v_statuses, v_running)))
      order by s.job_id desc
      limit max_rows;
  elsif metadata is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.metadata @> matching_job_ids.metadata
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest
        and (run_at_from is null or s.run_at >= run_at_from) and (run_at_to is null or s.run_at < run_at_to)
        and (matching_job_ids.status is null or exists (select from taskq_private.in_status(s.job_id, s.lane_id, v_statuses, v_running)))
      order by s.job_id desc
      limit max_rows;
  elsif run_at_from is not null or run_at_to is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.run_at >= coalesce(run_at_from, '-infinity') and s.run_at < coalesce(run_at_to, 'infinity')
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest
        and (matching_job_ids.status is null or exists (select from taskq_private.in_status(s.job_id, s.lane_id, v_statuses, v_running)))
      order by s.job_id desc
      limit max_rows;
  else
    return query select m.job_id from taskq_private.merged_places(v_lane_ids, v_statuses, newest, oldest, max_rows) as m;
  end if;
end;
$$;
comment on function taskq_private.matching_job_ids(
  taskq.job_status[], text[], text[], smallint[], uuid, uuid, timestamptz, timestamptz, jsonb, uuid, integer
) is 'The ids of jobs that match, newest first.';
