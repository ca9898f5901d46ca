-- cancelled, reason dependency -> blocked: children of a job that was replayed, unless another parent still stands in the way.
-- Locks: the places of the parents that they wait for (lock_parents), then their finished rows by job_id.
create or replace function taskq_private.revive_dependents(edges taskq_private.job_dependencies[])
returns uuid[]
language plpgsql
volatile
set enable_seqscan = off
set enable_hashjoin = off
as $$
declare
  v_child_ids uuid[] := array(
    select distinct f.job_id
    from unnest(edges) as e
    join taskq_private.finished_jobs as f on f.job_id = e.job_id
    where f.status = 'cancelled' and f.reason = 'dependency'
  );
begin
  if cardinality(v_child_ids) = 0 then
    return '{}';
  end if;
  perform taskq_private.lock_parents(array(
    select distinct d.depends_on_id from taskq_private.job_dependencies as d where d.job_id = any (v_child_ids) and not d.satisfied
  ));
  perform from taskq_private.finished_jobs as f where f.job_id = any (v_child_ids) order by f.job_id for update;

  v_child_ids := array(
    select f.job_id
    from taskq_private.finished_jobs as f
    where f.job_id = any (v_child_ids)
      and f.status = 'cancelled'
      and f.reason = 'dependency'
      and taskq_private.hopeless_edge(f.job_id) is null
  );
  perform taskq_private.replay_jobs(v_child_ids);
  return v_child_ids;
end;
$$;
comment on function taskq_private.revive_dependents(taskq_private.job_dependencies[]) is
  'Brings back the jobs at the ends of these edges that were cancelled for another''s sake; answers which.';
