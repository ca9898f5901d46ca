-- running -> ready, not charged. The answer to a claim may be lost with its connection: the worker then holds jobs that it
-- does not know of, and says here what it knows. Waits for a claim of its own that is still under way.
-- Locks: the worker's row, then the claims.
create or replace function taskq.release_unknown_claims(worker_id uuid, known_claim_ids bigint[])
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
#variable_conflict use_column
begin
  perform taskq_private.lock_worker(release_unknown_claims.worker_id);
  return taskq_private.end_claims(
    array(
      select c.claim_id from taskq_private.claims as c
      where c.worker_id = release_unknown_claims.worker_id and c.claim_id <> all (known_claim_ids)
    ),
    'released'
  );
end;
$$;
comment on function taskq.release_unknown_claims(uuid, bigint[]) is
  'Gives back what the worker holds beyond these claims; it calls this after a claim whose answer it did not get. Answers how many jobs. Example: select taskq.release_unknown_claims(:''worker'', ''{17,18}'').';
