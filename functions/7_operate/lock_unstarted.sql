-- One that moves while we wait for it is looked for again, so in the end each is held or has started.
-- Locks: ready, then waiting, then finished rows, by job_id.
create or replace function taskq_private.lock_unstarted(job_ids uuid[])
returns uuid[]
language plpgsql
volatile
as $$
declare
  v_held uuid[];
begin
  loop
    v_held := array(
      select r.job_id
      from taskq_private.job_specs as s
      join taskq_private.ready_jobs as r on r.lane_id = s.lane_id and r.job_id = s.job_id
      where s.job_id = any (job_ids) and r.attempt = 1
      order by r.job_id
      for update of r
    ) || array(
      select w.job_id from taskq_private.waiting_jobs as w where w.job_id = any (job_ids) and w.attempt = 1 order by w.job_id for update
    ) || array(
      select f.job_id
      from taskq_private.finished_jobs as f
      where f.job_id = any (job_ids) and f.status = 'cancelled' and f.claim_id is null
      order by f.job_id
      for update
    );
    exit when not exists (
      select from (select unnest(job_ids) except select unnest(v_held)) as moved (job_id) where taskq_private.is_unstarted(moved.job_id)
    );
  end loop;
  return v_held;
end;
$$;
comment on function taskq_private.lock_unstarted(uuid[]) is
  'Holds those of these jobs in their place that wait for their first attempt or were cancelled before it; answers which.';
