-- Most calls end a claim whole, which deletes its row; what is left of the others stays under the same claim_id.
create or replace function taskq_private.shrink_claims(ended taskq_private.ended_attempt[])
returns void
language plpgsql
volatile
as $$
declare
  v_claim_ids bigint[];
  v_left bigint[];
begin
  select array_agg(e.claim_id), array_agg(e.claim_id) filter (where e.ended_count < cardinality(c.job_ids))
  into v_claim_ids, v_left
  from (select u.claim_id, count(*) as ended_count from unnest(ended) as u group by u.claim_id) as e
  cross join lateral (select c.job_ids from taskq_private.claims as c where c.claim_id = e.claim_id offset 0) as c; -- never by a hash of all

  delete from taskq_private.claims as c where c.claim_id = any (v_claim_ids) and c.claim_id <> all (coalesce(v_left, '{}'));
  if v_left is null then
    return;
  end if;

  update taskq_private.claims as c
  set job_ids = kept.job_ids, lane_ids = kept.lane_ids, attempts = kept.attempts
  from (
    select h.claim_id, array_agg(h.job_id) as job_ids, array_agg(h.lane_id) as lane_ids, array_agg(h.attempt) as attempts
    from taskq_private.held_attempts(v_left) as h
    where not exists (select from unnest(ended) as e where e.job_id = h.job_id and e.claim_id = h.claim_id)
    group by h.claim_id
  ) as kept
  where c.claim_id = any (v_left) and c.claim_id = kept.claim_id;
end;
$$;
comment on function taskq_private.shrink_claims(taskq_private.ended_attempt[]) is 'Takes jobs out of their claims.';
