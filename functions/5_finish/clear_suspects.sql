-- What ended, or was given back, or waits for something else, is no suspect: it did not take its worker down.
create or replace function taskq_private.clear_suspects()
returns void
language plpgsql
volatile
as $$
begin
  if not exists (select from taskq_private.suspects) then
    return;
  end if;
  delete from taskq_private.suspects as s
  where not exists (
      select from taskq_private.ready_jobs as r where r.lane_id = s.lane_id and r.job_id = s.job_id and r.ready_at = 'infinity'
    )
    and not exists (select from taskq_private.claims as c where c.claim_id = s.claim_id);
end;
$$;
comment on function taskq_private.clear_suspects() is 'Forgets suspects that neither wait to run alone nor do.';
