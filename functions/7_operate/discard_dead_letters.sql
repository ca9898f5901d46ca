-- failed -> gone, oldest first, bounded.
create or replace function taskq.discard_dead_letters(type text default null, queue text default null, max_jobs integer default 1000)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_job_ids uuid[];
begin
  v_job_ids := array(
    select f.job_id
    from taskq_private.finished_jobs as f
    join taskq_private.lanes as l on l.lane_id = f.lane_id
    where f.status = 'failed'
      and (discard_dead_letters.type is null or l.type = discard_dead_letters.type)
      and (discard_dead_letters.queue is null or l.queue = discard_dead_letters.queue)
      and taskq_private.sees_queue(l.queue)
      and not taskq_private.is_awaited(f.job_id)
    order by f.job_id
    limit max_jobs
    for update of f skip locked
  );
  perform taskq_private.record_audit('discard_dead_letters', coalesce(type, queue, 'all'), to_jsonb(cardinality(v_job_ids)));
  perform taskq_private.delete_jobs(v_job_ids);
  return cardinality(v_job_ids);
end;
$$;
comment on function taskq.discard_dead_letters(text, text, integer) is
  'Deletes failed jobs, oldest first: all, or those of a type or queue, at most max_jobs a call. Those that held jobs wait for are kept. Answers how many; call until 0. Example: select taskq.discard_dead_letters(type => ''send_email'').';
