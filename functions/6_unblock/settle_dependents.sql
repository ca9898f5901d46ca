-- What the end of these jobs means for the jobs that depend on them: edges are satisfied, or can never be. A child that can
-- never run is cancelled, which ends it for its own dependents in turn; a loop and no recursion, since chains are long. After
-- a replay (status ready) it is the other way round: what was cancelled comes back. What is more than one transaction
-- should touch is left to settle_chunk(), and so is the end of a job whose dependents have yet to come back: they come first.
create or replace function taskq_private.settle_dependents(job_ids uuid[], status taskq.job_status)
returns void
language plpgsql
volatile
as $$
declare
  v_ids uuid[] := job_ids;
  v_status taskq.job_status := status;
  v_left integer := 1000;
  v_edges taskq_private.job_dependencies[];
begin
  loop
    v_edges := array(
      select d from taskq_private.job_dependencies as d where d.depends_on_id = any (v_ids) and not d.satisfied limit v_left + 1
    );
    exit when cardinality(v_edges) = 0;
    if cardinality(v_edges) > v_left or exists (select from taskq_private.unsettled_jobs as u where u.job_id = any (v_ids)) then
      perform taskq_private.defer_dependents(v_ids, v_status);
      exit;
    end if;

    v_left := greatest(v_left - cardinality(v_edges) - 5, 0); -- a level costs something by itself
    v_ids := taskq_private.settle_edges(v_edges, v_status);
    v_status := case when v_status = 'ready' then 'ready' else 'cancelled' end;
  end loop;
end;
$$;
comment on function taskq_private.settle_dependents(uuid[], taskq.job_status) is
  'Lets go, cancels or revives the jobs that depend on jobs that have ended or were replayed; in chunks where they are many.';
