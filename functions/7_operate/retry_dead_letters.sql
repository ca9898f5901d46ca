-- failed -> ready, oldest first, bounded.
create or replace function taskq.retry_dead_letters(type text default null, queue text default null, max_jobs integer default 1000, with_dependents boolean default false)
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
  v_job_id uuid;
  v_retried uuid[] := '{}';
begin
  for v_job_id in
    select f.job_id
    from taskq_private.finished_jobs as f
    join taskq_private.lanes as l on l.lane_id = f.lane_id
    where f.status = 'failed'
      and (retry_dead_letters.type is null or l.type = retry_dead_letters.type)
      and (retry_dead_letters.queue is null or l.queue = retry_dead_letters.queue)
      and taskq_private.sees_queue(l.queue)
    order by f.job_id
    limit max_jobs
    for update of f skip locked
  loop
    perform taskq.retry_job(v_job_id);
    v_retried := v_retried || v_job_id;
  end loop;
  perform taskq_private.record_audit(
    'retry_dead_letters', coalesce(type, queue, 'all'), jsonb_build_object('with_dependents', with_dependents, 'retried', cardinality(v_retried))
  );
  if with_dependents then
    perform taskq_private.settle_dependents(v_retried, 'ready'); -- once for all, so that this is bounded
  end if;
  return cardinality(v_retried);
end;
$$;
comment on function taskq.retry_dead_letters(text, text, integer, boolean) is
  'Runs failed jobs again, oldest first: all, or those of a type or queue, at most max_jobs a call; with_dependents brings back what was cancelled because of them. Answers how many; call until 0. Example: select taskq.retry_dead_letters(type => ''send_email'', with_dependents => true).';
