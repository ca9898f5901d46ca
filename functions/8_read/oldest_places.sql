-- What merged_places() is for the newest, from the other end of the same indexes; there it says why the ranges are written so.
create or replace function taskq_private.oldest_places(lane_ids integer[], statuses taskq.job_status[], newest uuid, oldest uuid, after uuid, max_rows integer)
returns table (job_id uuid)
language plpgsql
stable
set plan_cache_mode = auto
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query
    select place.job_id
    from (
      select f.job_id
      from unnest(lane_ids) as l (id)
      cross join unnest(statuses) as s (status)
      cross join lateral (
        select j.job_id from taskq_private.finished_jobs as j
        where (j.lane_id, j.status, j.job_id) >= (l.id, s.status, oldest) and (j.lane_id, j.status, j.job_id) < (l.id, s.status, newest)
          and j.job_id >= oldest and j.job_id < newest and j.job_id > after
        order by j.lane_id, j.status, j.job_id limit max_rows
      ) as f
      where s.status in ('completed', 'failed', 'cancelled')
      union all
      select w.job_id
      from unnest(lane_ids) as l (id)
      cross join unnest(statuses) as s (status)
      cross join lateral (
        select j.job_id from taskq_private.waiting_jobs as j
        where (j.lane_id, j.status, j.job_id) >= (l.id, s.status, oldest) and (j.lane_id, j.status, j.job_id) < (l.id, s.status, newest)
          and j.job_id >= oldest and j.job_id < newest and j.job_id > after
        order by j.lane_id, j.status, j.job_id limit max_rows
      ) as w
      where s.status in ('pending', 'blocked', 'retrying')
      union all
      select r.job_id
      from unnest(lane_ids) as l (id)
      cross join lateral (
        select j.job_id from taskq_private.ready_jobs as j
        where j.lane_id = l.id and j.job_id >= oldest and j.job_id < newest and j.job_id > after
        order by j.job_id limit max_rows
      ) as r
      where 'ready' = any (statuses)
      union all
      select u.job_id
      from taskq_private.claims as c
      cross join unnest(c.job_ids, c.lane_ids) as u (job_id, lane_id)
      where 'running' = any (statuses) and u.lane_id = any (oldest_places.lane_ids)
        and u.job_id >= oldest and u.job_id < newest and u.job_id > after
    ) as place
    order by place.job_id
    limit max_rows;
end;
$$;
comment on function taskq_private.oldest_places(integer[], taskq.job_status[], uuid, uuid, uuid, integer) is
  'The oldest jobs of these lanes and statuses after an id, from the tails of the places'' indexes.';
