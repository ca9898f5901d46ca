create or replace function taskq_private.graph_edges(job_ids uuid[])
returns table (depends_on_id uuid, job_id uuid, condition taskq.dependency_condition, satisfied boolean, parent integer, child integer)
language sql
stable
as $$
  with position as (
    select jsonb_object_agg(m.id, m.n) as by_id from unnest(graph_edges.job_ids) with ordinality as m (id, n)
  )
  select d.depends_on_id, d.job_id, d.condition, d.satisfied, (p.by_id ->> d.depends_on_id::text)::integer, (p.by_id ->> d.job_id::text)::integer
  from position as p
  cross join taskq_private.job_dependencies as d
  where d.job_id = any (graph_edges.job_ids) and p.by_id ? d.depends_on_id::text
  order by 6, 5;
$$;
comment on function taskq_private.graph_edges(uuid[]) is 'The edges between these jobs, with where each end stands in the list.';
