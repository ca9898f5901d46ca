-- Holds dependents in their place until this transaction ends. One that moves while we wait for it is looked for again: a row
-- that is gone once its lock is free locks nothing, and what is counted down then could be on its way out.
-- Locks: waiting, then finished rows, by job_id; a job with an edge that is not satisfied is in no other place.
create or replace function taskq_private.lock_dependents(edges taskq_private.job_dependencies[])
returns void
language plpgsql
volatile
as $$
declare
  v_job_ids uuid[] := array(select distinct e.job_id from unnest(edges) as e);
  v_locked uuid[];
begin
  loop
    v_locked := array(select w.job_id from taskq_private.waiting_jobs as w where w.job_id = any (v_job_ids) order by w.job_id for update);
    exit when cardinality(v_locked) = cardinality(v_job_ids);
    v_locked := v_locked || array(
      select f.job_id from taskq_private.finished_jobs as f where f.job_id = any (v_job_ids) order by f.job_id for update
    );
    exit when (select count(*) from taskq_private.job_specs as s where s.job_id = any (v_job_ids)) <= cardinality(v_locked);
  end loop;
end;
$$;
comment on function taskq_private.lock_dependents(taskq_private.job_dependencies[]) is 'Keeps the jobs at the ends of these edges where they are until this transaction ends.';
