-- A hash join that was planned while the tables were small would read all of a large one: so none, here and below.
-- Locks: the dependents, by job_id (lock_dependents); of a replay, what revive_dependents() locks.
create or replace function taskq_private.settle_edges(edges taskq_private.job_dependencies[], status taskq.job_status)
returns uuid[]
language plpgsql
volatile
set enable_seqscan = off
set enable_hashjoin = off
as $$
begin
  if status = 'ready' then
    return taskq_private.revive_dependents(edges);
  end if;
  perform taskq_private.lock_dependents(edges);
  perform taskq_private.unblock_dependents(array(select e from unnest(edges) as e where taskq_private.satisfies(settle_edges.status, e.condition)));
  return taskq_private.cancel_dependents(
    array(select e from unnest(edges) as e where not taskq_private.satisfies(settle_edges.status, e.condition)), settle_edges.status
  );
end;
$$;
comment on function taskq_private.settle_edges(taskq_private.job_dependencies[], taskq.job_status) is
  'Does what these edges ask for now that their parents are like this; answers the jobs whose own dependents are next.';
