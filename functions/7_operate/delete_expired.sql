-- Retention, in bounded batches. A job stays while one that depends on it has not ended, since that may
-- want its result, and while its workflow runs.
-- Locks: finished rows, skipping those that someone replays.
create or replace function taskq_private.delete_expired(max_jobs integer default 1000)
returns integer
language plpgsql
volatile
set enable_seqscan = off
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_settings taskq_private.settings;
  v_job_ids uuid[];
  v_first_event_id bigint;
begin
  select * into v_settings from taskq_private.settings;

  v_job_ids := array(
    select f.job_id
    from taskq_private.finished_jobs as f
    where f.finished_at < v_now - v_settings.job_ttl_seconds * interval '1 second'
      and not taskq_private.is_awaited(f.job_id)
      and not taskq_private.is_in_running_workflow(f.job_id)
    order by f.finished_at
    limit max_jobs
    for update of f skip locked
  );
  perform taskq_private.delete_jobs(v_job_ids);

  -- ids and instants go together, so the oldest ones are the first
  v_first_event_id := (select e.event_id from taskq_private.job_events as e order by e.event_id limit 1);
  delete from taskq_private.job_events as e
  where e.event_id < v_first_event_id + 10000 and e.at < v_now - v_settings.event_ttl_seconds * interval '1 second';

  delete from taskq_private.workers as w
  where w.ended_at < v_now - interval '1 day' and not exists (select from taskq_private.claims as c where c.worker_id = w.worker_id);
  return cardinality(v_job_ids);
end;
$$;
comment on function taskq_private.delete_expired(integer) is 'Deletes finished jobs, events and ended workers that have been kept long enough; answers how many jobs.';
