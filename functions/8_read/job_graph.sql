-- Slack is told once every job has ended. Jobs of other workflows that jobs of this one depend on are nodes too (outside).
-- Raises: TQ404.
create or replace function taskq.job_graph(id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_ids uuid[] := taskq_private.graph_members(id);
  v_nodes taskq_private.graph_node[];
  v_edges record;
  v_slack double precision[];
begin
  v_nodes := taskq_private.graph_nodes(v_ids, id);
  select array_agg(e.parent) as parents, array_agg(e.child) as children,
    coalesce(jsonb_agg(jsonb_build_object('from', e.depends_on_id, 'to', e.job_id, 'condition', e.condition, 'satisfied', e.satisfied)), '[]') as list
  into v_edges
  from taskq_private.graph_edges(v_ids) as e;
  if not exists (select from unnest(v_nodes) as n where n.status is not null and n.finished_at is null) then
    v_slack := taskq_private.graph_slack(array(select n.seconds from unnest(v_nodes) with ordinality as n order by n.ordinality), v_edges.parents, v_edges.children);
  end if;

  return jsonb_build_object(
    'nodes', (
      select jsonb_agg(jsonb_build_object(
        'id', n.job_id, 'name', n.name, 'type', n.type, 'status', n.status, 'reason', n.reason, 'attempt', n.attempt, 'started_at', n.started_at,
        'finished_at', n.finished_at, 'seconds', n.seconds, 'outside', n.is_outside, 'slack_seconds', s.slack, 'critical', s.slack = 0
      ) order by n.ordinality)
      from unnest(v_nodes) with ordinality as n
      left join unnest(v_slack) with ordinality as s (slack, n) on s.n = n.ordinality
    ),
    'edges', v_edges.list
  );
end;
$$;
comment on function taskq.job_graph(uuid) is
  'The graph of a workflow, or of all that a job depends on and that depends on it: {"nodes": [{"id", "name", "type", "status", "started_at", "finished_at", "seconds", "slack_seconds", "critical", ...}], "edges": [{"from", "to", "condition", "satisfied"}]}. An edge leads from a job to one that waits for it. Slack is known once all have ended: how much longer a job could have taken without delaying the end; on the critical path it is 0. TQ404 for an unknown id. Example: select jsonb_pretty(taskq.job_graph(:''workflow'')::jsonb).';
