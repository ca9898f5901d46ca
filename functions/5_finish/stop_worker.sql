-- running -> ready, not charged: what a worker took and will not start. Locks: the worker's claims.
create or replace function taskq.stop_worker(worker_id uuid)
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
begin
  return taskq_private.end_worker(worker_id, 'stopped', 'released');
end;
$$;
comment on function taskq.stop_worker(uuid) is 'Says goodbye: what the worker still holds goes back to the queue, not charged. Answers how many jobs that were. Example: select taskq.stop_worker(:''worker'').';
