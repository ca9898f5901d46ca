-- Walks up from the new parent, each job once: a path at a time would take for ever in a wide graph. Only when that reaches
-- the job is one path looked for. The caller holds the graph lock, so no other edge between old jobs can appear meanwhile.
create or replace function taskq_private.refuse_cycle(job_id uuid, depends_on uuid)
returns void
language plpgsql
stable
as $$
declare
  v_below uuid[];
  v_cycle uuid[] := array[refuse_cycle.job_id, refuse_cycle.depends_on];
begin
  perform from (
    with recursive up as (
      select refuse_cycle.depends_on as id
      union
      select d.depends_on_id from up as u join taskq_private.job_dependencies as d on d.job_id = u.id
    )
    select from up as u where u.id = refuse_cycle.job_id
  ) as found;
  if not found then
    return;
  end if;

  v_below := array(
    with recursive down as (
      select refuse_cycle.job_id as id
      union
      select d.job_id from down as u join taskq_private.job_dependencies as d on d.depends_on_id = u.id
    )
    select u.id from down as u
  );
  while v_cycle[cardinality(v_cycle)] <> refuse_cycle.job_id loop
    v_cycle := v_cycle || array(
      select d.depends_on_id
      from taskq_private.job_dependencies as d
      where d.job_id = v_cycle[cardinality(v_cycle)] and d.depends_on_id = any (v_below)
      order by d.depends_on_id
      limit 1
    );
  end loop;
  raise exception 'the dependency would close a cycle: %', array_to_string(v_cycle, ' -> ')
    using errcode = 'TQ425', column = 'depends_on', detail = to_jsonb(v_cycle)::text, hint = 'A job cannot wait for itself, not even through others.';
end;
$$;
comment on function taskq_private.refuse_cycle(uuid, uuid) is 'Raises TQ425 with the members of the cycle that this edge would close.';
