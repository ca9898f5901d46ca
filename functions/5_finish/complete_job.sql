-- running -> completed, inside the caller's own transaction: its effects and this record commit together or not at all.
-- Locks: the claim, until that commit; so it comes last. Raises: TQ411 when the claim was lost.
create or replace function taskq.complete_job(claim_id bigint, job_id uuid, result jsonb default null)
returns void
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
  perform taskq_private.end_held_job(claim_id, job_id, 'completed', result => complete_job.result);
end;
$$;
comment on function taskq.complete_job(bigint, uuid, jsonb) is
  'Completes one running job in the current transaction, so that effects in the same database happen exactly once. Call it last. TQ411 when the claim was lost: roll back. Example: select taskq.complete_job(:''claim'', :''job'', ''{"sent": true}'').';
