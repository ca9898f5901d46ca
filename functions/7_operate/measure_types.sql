-- How long recent jobs of a type took; one type a tick, the one measured longest ago.
create or replace function taskq_private.measure_types()
returns void
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_type text := (
    select t.type from taskq_private.task_types as t
    where t.measured_at is null or t.measured_at < v_now - interval '1 minute'
    order by t.measured_at nulls first, t.type
    limit 1
  );
begin
  if v_type is null then
    return;
  end if;
  update taskq_private.task_types as t
  set measured_at = v_now, p95_seconds = coalesce(recent.p95_seconds, t.p95_seconds)
  from (
    select percentile_cont(0.95) within group (order by extract(epoch from f.finished_at - f.started_at)) as p95_seconds
    from taskq_private.lanes as l
    cross join lateral (
      select j.started_at, j.finished_at from taskq_private.finished_jobs as j
      where (j.lane_id, j.status) >= (l.lane_id, 'completed'::taskq.job_status) and (j.lane_id, j.status) <= (l.lane_id, 'completed'::taskq.job_status)
      order by j.lane_id desc, j.status desc, j.job_id desc -- by the index of the lane and no other
      limit 100
    ) as f
    where l.type = v_type
  ) as recent
  where t.type = v_type;
end;
$$;
comment on function taskq_private.measure_types() is 'Measures how long jobs of one type took of late.';
