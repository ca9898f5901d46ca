-- The one way out of a claim, for reports of workers, timeouts, cancels and lost workers alike.
-- Locks: the caller holds the claims; children follow in settle_dependents.
create or replace function taskq_private.end_attempts(ended taskq_private.ended_attempt[])
returns void
language plpgsql
volatile
as $$
declare
  v_completed taskq_private.ended_attempt[];
  v_others taskq_private.ended_attempt[];
begin
  if coalesce(cardinality(ended), 0) = 0 then
    return;
  end if;
  perform taskq_private.shrink_claims(ended);

  select array_agg(e) filter (where e.outcome = 'completed'), array_agg(e) filter (where e.outcome <> 'completed')
  into v_completed, v_others
  from unnest(ended) as e;

  if v_completed is not null then
    perform taskq_private.complete_attempts(v_completed);
  end if;
  if v_others is not null then
    perform taskq_private.fail_attempts(v_others);
  end if;

  if exists (select from taskq_private.resource_pools) then
    perform taskq_private.hint('ready'); -- other workers may have waited for what these held
  end if;
  delete from taskq_private.cancel_requests as r where r.job_id = any (array(select e.job_id from unnest(ended) as e));
  delete from taskq_private.job_progress as p where p.job_id = any (array(select e.job_id from unnest(ended) as e));
end;
$$;
comment on function taskq_private.end_attempts(taskq_private.ended_attempt[]) is 'Takes attempts out of their claims and gives each job its next place.';
