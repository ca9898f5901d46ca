create or replace function taskq_private.raise_claim_lost(claim_id bigint, job_id uuid)
returns void
language plpgsql
immutable
as $$
begin
  raise exception 'claim lost: job % is not running under claim %', job_id, claim_id
    using errcode = 'TQ411', hint = 'Stop working on it: it has ended, or it was given to another worker.';
end;
$$;
comment on function taskq_private.raise_claim_lost(bigint, uuid) is 'Turns away a writer whose claim has ended.';
