-- Adds up the ends of jobs in their workflows, and says so when the last one has ended, or when one goes on after a replay.
-- Bounded.
-- Locks: the workflows' rows, by workflow_id.
create or replace function taskq_private.fold_workflow_counts(max_rows integer default 10000)
returns integer
language plpgsql
volatile
as $$
declare
  v_sum record;
  v_was taskq_private.workflows;
  v_is taskq_private.workflows;
  v_folded integer := 0;
begin
  for v_sum in
    with gone as (
      delete from taskq_private.workflow_counts as c
      where c.count_id = any (array(select o.count_id from taskq_private.workflow_counts as o order by o.count_id limit max_rows))
      returning c.*
    )
    select g.workflow_id, sum(g.completed_count)::integer as completed_count, sum(g.failed_count)::integer as failed_count,
      sum(g.cancelled_count)::integer as cancelled_count, sum(g.skipped_count)::integer as skipped_count, max(g.at) as at,
      bool_or(least(g.failed_count, g.cancelled_count, g.skipped_count) < 0) as is_replayed
    from gone as g
    group by g.workflow_id
    order by g.workflow_id
  loop
    select * into v_was from taskq_private.workflows as w where w.workflow_id = v_sum.workflow_id for update;
    continue when not found;
    v_is := v_was;
    v_is.completed_count := v_was.completed_count + v_sum.completed_count;
    v_is.failed_count := v_was.failed_count + v_sum.failed_count;
    v_is.cancelled_count := v_was.cancelled_count + v_sum.cancelled_count;
    v_is.skipped_count := v_was.skipped_count + v_sum.skipped_count;
    v_is.status := taskq_private.status_of_workflow(v_is);

    update taskq_private.workflows as w
    set status = v_is.status, completed_count = v_is.completed_count, failed_count = v_is.failed_count, cancelled_count = v_is.cancelled_count,
      skipped_count = v_is.skipped_count, finished_at = case when v_is.status <> 'running' then greatest(w.finished_at, v_sum.at) end
    where w.workflow_id = v_sum.workflow_id;
    if v_sum.is_replayed and v_was.status <> 'running' then
      perform taskq_private.record_workflow_event('workflow_resumed', v_sum.workflow_id);
    end if;
    if v_is.status <> 'running' and (v_was.status <> v_is.status or v_sum.is_replayed) then
      perform taskq_private.record_workflow_event('workflow_' || v_is.status, v_sum.workflow_id);
    end if;
    v_folded := v_folded + 1;
  end loop;
  return v_folded;
end;
$$;
comment on function taskq_private.fold_workflow_counts(integer) is 'Brings the counts and the status of workflows up to date; answers of how many.';
