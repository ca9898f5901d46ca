-- The next dependents of what settle_dependents() left: of many jobs that have few, or some of one that has many. Every claim
-- calls this before it looks, and at once again while there is more, so that no level of a graph waits for a timer.
-- Locks: rows of unsettled_jobs, skipping those that another session has in hand; then the children, by job_id.
create or replace function taskq_private.settle_chunk()
returns boolean
language plpgsql
volatile
as $$
declare
  v_first taskq_private.unsettled_jobs;
  v_ids uuid[];
  v_edges taskq_private.job_dependencies[];
begin
  if not exists (select from taskq_private.unsettled_jobs) then
    return false;
  end if;
  select * into v_first from taskq_private.unsettled_jobs as u order by u.job_id limit 1 for update skip locked;
  if not found then
    return false;
  end if;

  if v_first.after_id is null then
    v_ids := array(
      select u.job_id from taskq_private.unsettled_jobs as u
      where u.status = v_first.status and u.revives = v_first.revives and u.after_id is null
      order by u.job_id limit 200
      for update skip locked
    );
    v_edges := array(
      select d from taskq_private.job_dependencies as d where d.depends_on_id = any (v_ids) and not d.satisfied limit 1001
    );
  end if;
  if cardinality(v_edges) <= 1000 then
    delete from taskq_private.unsettled_jobs as u where u.job_id = any (v_ids);
  else
    v_edges := array(
      select d from taskq_private.job_dependencies as d
      where d.depends_on_id = v_first.job_id and (v_first.after_id is null or d.job_id > v_first.after_id) and not d.satisfied
      order by d.job_id limit 1000
    );
    update taskq_private.unsettled_jobs as u set after_id = (v_edges[1000]).job_id where u.job_id = v_first.job_id and cardinality(v_edges) = 1000;
    delete from taskq_private.unsettled_jobs as u where u.job_id = v_first.job_id and cardinality(v_edges) < 1000;
  end if;

  if v_first.revives and v_first.status <> 'ready' then
    perform taskq_private.settle_dependents(
      taskq_private.revive_dependents(array(select e from unnest(v_edges) as e where taskq_private.satisfies(v_first.status, e.condition))), 'ready'
    );
  end if;
  perform taskq_private.settle_dependents(
    taskq_private.settle_edges(v_edges, v_first.status), case when v_first.status = 'ready' then 'ready' else 'cancelled' end::taskq.job_status
  );
  if exists (select from taskq_private.unsettled_jobs) then
    perform taskq_private.hint('ready');
    return true;
  end if;
  return false;
end;
$$;
comment on function taskq_private.settle_chunk() is 'Tells some of the dependents that are still to be told; answers whether there are more.';
