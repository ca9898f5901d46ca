-- pending | retrying -> ready, when due. Bounded: the claim calls this before it looks, tick() until nothing is due.
-- Locks: the due waiting rows, skipping those that another session has in hand.
create or replace function taskq_private.promote_due_jobs(max_jobs integer default 1000)
returns integer
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_job_ids uuid[];
  v_lane_ids integer[];
  v_attempts smallint[];
begin
  if not exists (select from taskq_private.waiting_jobs as w where w.status <> 'blocked' and w.due_at <= v_now) then
    return 0;
  end if;

  with due as materialized (
    select w.job_id
    from taskq_private.waiting_jobs as w
    where w.status <> 'blocked' and w.due_at <= v_now
    order by w.due_at
    limit max_jobs
    for update skip locked
  ), promoted as (
    delete from taskq_private.waiting_jobs as w
    where w.job_id = any (array(select d.job_id from due as d))
    returning w.job_id, w.lane_id, w.attempt, w.due_at
  ), stored as (
    insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
    select p.lane_id, p.job_id, p.due_at, p.attempt
    from promoted as p
  )
  select array_agg(p.job_id), array_agg(p.lane_id), array_agg(p.attempt)
  into v_job_ids, v_lane_ids, v_attempts
  from promoted as p;

  perform taskq_private.record_event('job_ready', v_job_ids, v_lane_ids, v_attempts);
  return coalesce(cardinality(v_job_ids), 0);
end;
$$;
comment on function taskq_private.promote_due_jobs(integer) is 'Makes jobs ready whose time has come; answers how many.';
