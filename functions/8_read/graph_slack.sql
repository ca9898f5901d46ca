-- The critical path method over what was measured: each job took as long as its last attempt ran. A job's earliest start is the
-- latest end of those before it, its latest end the earliest start that those after it can do with; between them is its slack.
-- Edges in topological order need one pass down and one up.
create or replace function taskq_private.graph_slack(seconds double precision[], parents integer[], children integer[])
returns double precision[]
language plpgsql
immutable
as $$
declare
  v_count integer := cardinality(seconds);
  v_rank jsonb;
  v_end double precision[] := seconds;
  v_latest double precision[];
  v_last double precision;
  v_edge record;
begin
  select jsonb_object_agg(o.job, o.n) into v_rank
  from unnest(taskq_private.topological_order(v_count, coalesce(parents, '{}'), coalesce(children, '{}'))) with ordinality as o (job, n);

  for v_edge in select e.parent, e.child from unnest(parents, children) as e (parent, child) order by (v_rank ->> e.parent::text)::integer loop
    v_end[v_edge.child] := greatest(v_end[v_edge.child], v_end[v_edge.parent] + seconds[v_edge.child]);
  end loop;
  v_last := (select max(e) from unnest(v_end) as e);
  v_latest := array_fill(v_last, array[v_count]);
  for v_edge in select e.parent, e.child from unnest(parents, children) as e (parent, child) order by (v_rank ->> e.child::text)::integer desc loop
    v_latest[v_edge.parent] := least(v_latest[v_edge.parent], v_latest[v_edge.child] - seconds[v_edge.child]);
  end loop;
  return array(select greatest(round((u.latest - u.ended)::numeric, 6), 0) from unnest(v_latest, v_end) with ordinality as u (latest, ended, n) order by u.n);
end;
$$;
comment on function taskq_private.graph_slack(double precision[], integer[], integer[]) is
  'For each job of a graph, by how many seconds it could have taken longer without delaying the end of the whole.';
