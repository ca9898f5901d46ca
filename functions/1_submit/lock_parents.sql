-- Holds parents in their place until this transaction ends: unfinished ones cannot end, finished ones cannot be replayed or
-- deleted. One that moves while we wait for it is looked for again, so in the end each is unknown or locked.
-- Locks: claims by claim_id, then ready, waiting and finished rows by job_id, all for share.
create or replace function taskq_private.lock_parents(parent_ids uuid[])
returns void
language plpgsql
volatile
as $$
declare
  v_locked uuid[] := '{}';
begin
  loop
    v_locked := v_locked || array(
      select u.job_id
      from (select c.job_ids from taskq_private.claims as c where c.job_ids && parent_ids order by c.claim_id for share) as c
      cross join unnest(c.job_ids) as u (job_id)
    );
    v_locked := v_locked || array(
      select r.job_id
      from taskq_private.job_specs as s
      join taskq_private.ready_jobs as r on r.lane_id = s.lane_id and r.job_id = s.job_id
      where s.job_id = any (parent_ids)
      order by r.job_id
      for share of r
    );
    v_locked := v_locked || array(
      select w.job_id from taskq_private.waiting_jobs as w where w.job_id = any (parent_ids) order by w.job_id for share
    );
    v_locked := v_locked || array(
      select f.job_id from taskq_private.finished_jobs as f where f.job_id = any (parent_ids) order by f.job_id for share
    );
    exit when (select count(*) from taskq_private.job_specs as s where s.job_id = any (parent_ids))
      <= (select count(*) from (select unnest(v_locked) intersect select unnest(parent_ids)) as found);
  end loop;
end;
$$;
comment on function taskq_private.lock_parents(uuid[]) is 'Keeps these jobs where they are until this transaction ends.';
