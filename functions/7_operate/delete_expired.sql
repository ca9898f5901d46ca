-- Retention, in bounded batches, of what does not go with a whole period (goes_whole): each call looks at the next finished jobs
-- of each such period, in the order of their ends, and begins again after the last.
-- Locks: finished rows, skipping those that someone replays.
create or replace function taskq_private.delete_expired(max_jobs integer default 1000)
returns integer
language plpgsql
volatile
set enable_seqscan = off
set enable_sort = off
set enable_bitmapscan = off
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_horizon timestamptz := v_now - taskq_private.history_ttl('jobs');
  v_period taskq_private.history_periods;
  v_seen record;
  v_gone uuid[];
  v_deleted integer := 0;
begin
  for v_period in select p.* from taskq_private.history_periods as p where p.family = 'jobs' and p.starts_at < v_horizon order by p.starts_at loop
    continue when taskq_private.goes_whole(v_period, v_horizon);
    select array_agg(f.job_id) as job_ids, max(f.finished_at) as last_at, count(*) as jobs
    into v_seen
    from (
      select j.job_id, j.finished_at
      from taskq_private.finished_jobs as j
      where j.job_id >= taskq_private.job_id_floor(v_period.starts_at)
        and j.job_id < taskq_private.job_id_floor(v_period.ends_at)
        and j.finished_at >= coalesce(v_period.cleared_at, '-infinity') and j.finished_at < v_horizon
      order by j.finished_at
      limit max_jobs
    ) as f;
    if v_seen.jobs > 0 then
      v_gone := taskq_private.deletable_jobs(v_seen.job_ids, v_horizon);
      perform taskq_private.delete_jobs(v_gone);
      v_deleted := v_deleted + cardinality(v_gone);
    end if;
    if v_seen.jobs = max_jobs or v_period.cleared_at is not null then
      update taskq_private.history_periods as p -- always further: many may have ended at one instant
      set cleared_at = case when v_seen.jobs = max_jobs then greatest(v_seen.last_at, v_period.cleared_at + interval '1 microsecond') end
      where p.family = 'jobs' and p.starts_at = v_period.starts_at;
    end if;
  end loop;

  delete from taskq_private.workers as w
  where w.ended_at < v_now - interval '1 day' and not exists (select from taskq_private.claims as c where c.worker_id = w.worker_id);
  return v_deleted;
end;
$$;
comment on function taskq_private.delete_expired(integer) is
  'Deletes finished jobs that have been kept long enough, looking at no more than max_jobs of a period, and ended workers; answers how many jobs.';
