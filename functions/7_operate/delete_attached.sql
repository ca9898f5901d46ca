-- Before a period can go whole: what other tables hold for its jobs. A job with a workflow, a concurrency key or edges goes with
-- all of that; of others only the idempotency key goes, and the rest is dropped with the period. Goes on where it left off.
create or replace function taskq_private.delete_attached(period taskq_private.history_periods, horizon timestamptz, max_jobs integer)
returns boolean
language plpgsql
volatile
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  v_after uuid := coalesce(period.swept_to, taskq_private.job_id_floor(period.starts_at));
  v_end uuid := taskq_private.job_id_floor(period.ends_at);
  v_found uuid[];
  v_gone uuid[];
begin
  v_found := array(
    (select k.job_id from taskq_private.idempotency_keys as k where k.job_id > v_after and k.job_id < v_end order by k.job_id limit max_jobs)
    union
    (
      select s.job_id from taskq_private.job_specs as s
      where s.job_id > v_after and s.job_id < v_end and num_nonnulls(s.workflow_id, s.concurrency_key) > 0
      order by s.job_id limit max_jobs
    )
    union
    (select d.job_id from taskq_private.job_dependencies as d where d.job_id > v_after and d.job_id < v_end order by d.job_id limit max_jobs)
    order by job_id
    limit max_jobs
  );
  v_gone := taskq_private.deletable_jobs(v_found, horizon);
  delete from taskq_private.idempotency_keys as k where k.job_id = any (v_gone);
  perform taskq_private.delete_jobs(array(
    select s.job_id
    from unnest(v_gone) as g (job_id)
    join taskq_private.job_specs as s on s.job_id = g.job_id
    where num_nonnulls(s.workflow_id, s.concurrency_key) > 0
      or exists (select from taskq_private.job_dependencies as d where d.job_id = g.job_id)
  ));

  update taskq_private.history_periods as p
  set swept_to = v_found[cardinality(v_found)]
  where p.family = period.family and p.starts_at = period.starts_at;
  return cardinality(v_found) = max_jobs;
end;
$$;
comment on function taskq_private.delete_attached(taskq_private.history_periods, timestamptz, integer) is
  'Deletes what would keep jobs of this period from going with it; whether there may be more.';
