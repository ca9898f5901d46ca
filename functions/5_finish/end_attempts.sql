-- The one way out of a claim, for reports of workers, timeouts, cancels and lost workers alike.
-- Locks: the caller holds the claims; children follow in settle_dependents.
create or replace function taskq_private.end_attempts(ended taskq_private.ended_attempt[])
returns void
language plpgsql
volatile
as $$
declare
  v_job_ids uuid[];
  v_are_completed boolean;
begin
  if coalesce(cardinality(ended), 0) = 0 then
    return;
  end if;
  perform taskq_private.shrink_claims(ended);

  select array_agg(e.job_id), bool_and(e.outcome = 'completed') into v_job_ids, v_are_completed from unnest(ended) as e;
  if v_are_completed then
    perform taskq_private.complete_attempts(ended);
  else
    perform taskq_private.complete_attempts(array_agg(e)) from unnest(ended) as e where e.outcome = 'completed' having count(*) > 0;
    perform taskq_private.fail_attempts(array_agg(e)) from unnest(ended) as e where e.outcome <> 'completed';
  end if;

  if exists (select from taskq_private.resource_pools) then
    perform taskq_private.hint('ready'); -- other workers may have waited for what these held
  end if;
  delete from taskq_private.cancel_requests as r where r.job_id = any (v_job_ids);
  delete from taskq_private.job_progress as p where p.job_id = any (v_job_ids);
end;
$$;
comment on function taskq_private.end_attempts(taskq_private.ended_attempt[]) is 'Takes attempts out of their claims and gives each job its next place.';
