-- Lines of running jobs. Locks: their claims, for share. A line whose claim was lost is not written.
create or replace function taskq.log_jobs(entries jsonb)
returns uuid[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_claim_ids bigint[] := array(select distinct (e.value ->> 'claim_id')::bigint from jsonb_array_elements(entries) as e);
begin
  perform from taskq_private.claims as c where c.claim_id = any (v_claim_ids) order by c.claim_id for share;
  return taskq_private.store_logs(entries);
end;
$$;
comment on function taskq.log_jobs(jsonb) is
  'Writes lines into the logs of running jobs: a list of {"claim_id", "job_id", "level", "message", "data", "age_seconds"}. Answers the jobs whose claim was lost. level is info unless given, age_seconds how long ago it was. Example: select taskq.log_jobs(''[{"claim_id": 1, "job_id": "01890a5d-ac96-774b-bcce-b302099a8057", "message": "hi"}]'').';
