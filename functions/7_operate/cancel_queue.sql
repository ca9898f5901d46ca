-- Bounded: what has not been started first, then those running jobs that were not asked yet.
-- Calls: cancel_jobs. Raises: TQ404.
create or replace function taskq.cancel_queue(queue text, type text default null, reason text default null, max_jobs integer default 1000)
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
  v_most integer := least(greatest(max_jobs, 1), 10000);
  v_job_ids uuid[];
  v_done record;
begin
  perform taskq_private.check_scope(cancel_queue.queue);
  if not exists (select from taskq_private.queues as q where q.queue = cancel_queue.queue) then
    raise exception 'queue % is not known', cancel_queue.queue using errcode = 'TQ404', hint = 'select queue from taskq.queues lists them.';
  end if;
  v_job_ids := array(
    select taskq_private.matching_job_ids(
      '{pending,blocked,ready,retrying}', case when cancel_queue.type is not null then array[cancel_queue.type] end, array[cancel_queue.queue], null,
      'ffffffff-ffff-ffff-ffff-ffffffffffff', '00000000-0000-0000-0000-000000000000', null, null, null, null, v_most
    )
  );
  v_job_ids := v_job_ids || array(
    select u.job_id
    from taskq_private.claims as c
    cross join unnest(c.job_ids, c.lane_ids) as u (job_id, lane_id)
    join taskq_private.lanes as l on l.lane_id = u.lane_id
    where l.queue = cancel_queue.queue
      and (cancel_queue.type is null or l.type = cancel_queue.type)
      and not exists (select from taskq_private.cancel_requests as r where r.job_id = u.job_id)
    limit v_most - cardinality(v_job_ids)
  );
  v_done := taskq_private.cancel_jobs(v_job_ids, cancel_queue.reason);
  perform taskq_private.record_audit('cancel_queue', cancel_queue.queue, jsonb_strip_nulls(jsonb_build_object(
    'type', cancel_queue.type, 'reason', cancel_queue.reason, 'cancelled', cardinality(v_done.cancelled), 'asked', cardinality(v_done.asked)
  )));
  return cardinality(v_done.cancelled) + cardinality(v_done.asked);
end;
$$;
comment on function taskq.cancel_queue(text, text, text, integer) is
  'Cancels what waits in a queue (of one type, if given) and what depends on it, and asks what runs there to stop, newest first, at most max_jobs (10000) a call. Answers how many; call until 0. Pause the queue first to stop what is still submitted. TQ404 for an unknown queue. Example: select taskq.cancel_queue(''reports'', reason => ''bad release'').';
