-- pending | retrying -> ready, when due. Bounded: the claim calls this when it has seen that something is due, tick() until
-- nothing is.
-- Locks: the due waiting rows, skipping those that another session has in hand.
create or replace function taskq_private.promote_due_jobs(max_jobs integer default 1000, first_due_at timestamptz default '-infinity')
returns integer
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_job_ids uuid[];
  v_lane_ids integer[];
  v_attempts smallint[];
  v_due_ats timestamptz[];
begin
  with due as materialized (
    select w.job_id
    from taskq_private.waiting_jobs as w
    where w.status <> 'blocked' and w.due_at >= first_due_at and w.due_at <= v_now
    order by w.due_at
    limit max_jobs
    for update skip locked
  ), promoted as (
    delete from taskq_private.waiting_jobs as w
    where w.job_id = any (array(select d.job_id from due as d))
    returning w.job_id, w.lane_id, w.attempt, w.due_at
  )
  select array_agg(p.job_id), array_agg(p.lane_id), array_agg(p.attempt), array_agg(p.due_at)
  into v_job_ids, v_lane_ids, v_attempts, v_due_ats
  from promoted as p;
  if v_job_ids is null then
    return 0;
  end if;
  perform taskq_private.make_ready(v_job_ids, v_lane_ids, v_attempts, v_due_ats);

  perform taskq_private.record_event('job_ready', v_job_ids, v_lane_ids, v_attempts);
  return cardinality(v_job_ids);
end;
$$;
comment on function taskq_private.promote_due_jobs(integer, timestamptz) is 'Makes jobs ready whose time has come; answers how many.';
