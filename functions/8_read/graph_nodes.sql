create or replace function taskq_private.graph_nodes(job_ids uuid[], id uuid)
returns taskq_private.graph_node[]
language sql
stable
as $$
  select array_agg(row(
    m.job_id, s.name, l.type, p.status, p.reason, p.attempt, p.started_at, p.finished_at,
    coalesce(extract(epoch from p.finished_at - p.started_at), 0),
    s.workflow_id is distinct from graph_nodes.id and exists (select from taskq_private.workflows as w where w.workflow_id = graph_nodes.id)
  )::taskq_private.graph_node order by m.n)
  from unnest(job_ids) with ordinality as m (job_id, n)
  left join (
    taskq_private.job_specs as s join taskq_private.lanes as l on l.lane_id = s.lane_id and taskq_private.sees_queue(l.queue)
  ) on s.job_id = m.job_id
  left join taskq_private.places as p on p.job_id = s.job_id;
$$;
comment on function taskq_private.graph_nodes(uuid[], uuid) is 'These jobs as nodes of a graph, in their order; those that have been deleted, or that the caller''s key is not for, have an id only.';
