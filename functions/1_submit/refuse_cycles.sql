-- Edges that lead from earlier to later positions cannot close a cycle; only where one leads back is the graph sorted. Jobs
-- from before this call cannot depend on jobs of this call.
-- Raises: TQ425 with the names of one cycle's members.
create or replace function taskq_private.refuse_cycles(jobs taskq_private.submission[])
returns void
language plpgsql
immutable
as $$
declare
  v_ordinals jsonb := (select jsonb_object_agg(j.job_id, j.ordinal) from unnest(jobs) as j where j.repeated is not true);
  v_edges record;
  v_order integer[];
  v_cycle integer[];
  v_names text[];
begin
  select array_agg(e.parent) as parents, array_agg(e.child) as children, bool_or(e.parent >= e.child) as leads_back
  into v_edges
  from (
    select (v_ordinals ->> d.id::text)::integer as parent, j.ordinal as child
    from unnest(jobs) as j cross join unnest(j.depends_on) as d (id)
  ) as e
  where e.parent is not null;
  if v_edges.leads_back is not true then
    return;
  end if;

  v_order := taskq_private.topological_order(cardinality(jobs), v_edges.parents, v_edges.children);
  if cardinality(v_order) = cardinality(jobs) then
    return;
  end if;
  v_cycle := taskq_private.find_cycle(v_order, v_edges.parents, v_edges.children);
  v_names := array(select coalesce((jobs[c.ordinal]).name, format('jobs[%s]', c.ordinal - 1)) from unnest(v_cycle) with ordinality as c (ordinal, n) order by c.n);
  perform taskq_private.raise_error(taskq_private.invalid(
    format('jobs[%s].depends_on', v_cycle[1] - 1), 'the dependencies form a cycle: ' || array_to_string(v_names, ' -> '), 'TQ425',
    'A job cannot wait for itself, not even through others: leave one of these out.'
  ) || jsonb_build_object('members', v_names));
end;
$$;
comment on function taskq_private.refuse_cycles(taskq_private.submission[]) is 'Raises TQ425 with the members of a cycle, if the jobs of a graph have one.';
