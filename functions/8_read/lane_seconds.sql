create or replace function taskq_private.lane_seconds(lane taskq_private.lanes)
returns double precision
language sql
stable
as $$
  select coalesce(
    (
      select avg(extract(epoch from f.finished_at - f.started_at))
      from (
        select j.started_at, j.finished_at from taskq_private.finished_jobs as j
        where (j.lane_id, j.status) >= (lane.lane_id, 'completed'::taskq.job_status) and (j.lane_id, j.status) <= (lane.lane_id, 'completed'::taskq.job_status)
        order by j.lane_id desc, j.status desc, j.job_id desc limit 100 -- by the index of the lane and no other
      ) as f
    ),
    (
      select avg(taskq_private.expected_seconds(r.job_id))
      from (select o.job_id from taskq_private.ready_jobs as o where o.lane_id = lane.lane_id order by o.ready_at limit 100) as r
    )
  )::double precision;
$$;
comment on function taskq_private.lane_seconds(taskq_private.lanes) is 'How long a job of this lane takes: the mean of its last hundred, or what is expected of those at its head.';
