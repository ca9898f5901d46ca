-- running -> retrying | failed. One job, for workers in plain SQL; batches go through claim_next_job.
-- Locks: the claim. Raises: TQ411 when the claim was lost.
create or replace function taskq.fail_job(claim_id bigint, job_id uuid, error text, fatal boolean default false)
returns taskq.job_status
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
  perform taskq_private.end_held_job(claim_id, job_id, 'failed', error => jsonb_build_object('message', fail_job.error), fatal => fail_job.fatal);
  return taskq_private.status_of(job_id);
end;
$$;
comment on function taskq.fail_job(bigint, uuid, text, boolean) is
  'Fails one running job: it is retried after its backoff, unless fatal or out of attempts. Answers its new status. TQ411 when the claim was lost. Example: select taskq.fail_job(:''claim'', :''job'', ''no such customer'', fatal => true).';
