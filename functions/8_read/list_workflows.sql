-- Pages by id, newest first. The stored status finds the candidates, the exact one decides: workflows with counts not yet added
-- are looked at besides.
create or replace function taskq.list_workflows(
  status taskq.workflow_status[] default null, name text default null, before uuid default null, max_rows integer default 50
)
returns setof taskq.workflows
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_before uuid := coalesce(before, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  v_max_rows integer := least(greatest(max_rows, 1), 1000);
  v_moving uuid[] := array(select distinct c.workflow_id from taskq_private.workflow_counts as c);
  v_ids uuid[];
begin
  v_ids := v_moving || array(
    select found.workflow_id
    from unnest(coalesce(list_workflows.status, enum_range(null::taskq.workflow_status))) as s (status)
    cross join lateral (
      select w.workflow_id from taskq_private.workflows as w
      where w.status = s.status and w.workflow_id < v_before and list_workflows.name is null and taskq_private.sees_workflow(w.workflow_id)
      order by w.workflow_id desc limit v_max_rows + cardinality(v_moving)
    ) as found
    union all
    (
      select w.workflow_id from taskq_private.workflows as w
      where w.name = list_workflows.name and w.workflow_id < v_before and taskq_private.sees_workflow(w.workflow_id)
        and (list_workflows.status is null or w.status = any (list_workflows.status))
      order by w.workflow_id desc limit v_max_rows + cardinality(v_moving)
    )
  );
  return query
    select w.*
    from taskq.workflows as w
    where w.workflow_id = any (v_ids)
      and w.workflow_id < v_before
      and (list_workflows.status is null or w.status = any (list_workflows.status))
      and (list_workflows.name is null or w.name = list_workflows.name)
    order by w.workflow_id desc
    limit v_max_rows;
end;
$$;
comment on function taskq.list_workflows(taskq.workflow_status[], text, uuid, integer) is
  'Workflows of these statuses and this name, newest first, at most max_rows (1000). For the next page give the last workflow_id as before. Example: select workflow_id, name, unfinished_count from taskq.list_workflows(status => ''{running}'').';
