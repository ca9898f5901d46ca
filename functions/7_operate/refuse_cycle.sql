-- Walks up from the new parent. The caller holds the graph lock, so no other edge between old jobs can appear meanwhile.
create or replace function taskq_private.refuse_cycle(job_id uuid, depends_on uuid)
returns void
language plpgsql
stable
as $$
declare
  v_cycle uuid[];
begin
  with recursive up as (
    select refuse_cycle.depends_on as id, array[refuse_cycle.job_id, refuse_cycle.depends_on] as path
    union all
    select d.depends_on_id, u.path || d.depends_on_id
    from up as u
    join taskq_private.job_dependencies as d on d.job_id = u.id
    where u.id <> refuse_cycle.job_id
  )
  cycle id set is_cycle using visited
  select u.path into v_cycle from up as u where u.id = refuse_cycle.job_id limit 1;

  if v_cycle is not null then
    raise exception 'the dependency would close a cycle: %', array_to_string(v_cycle, ' -> ')
      using errcode = 'TQ425', column = 'depends_on', detail = array_to_string(v_cycle, ' '), hint = 'A job cannot wait for itself, not even through others.';
  end if;
end;
$$;
comment on function taskq_private.refuse_cycle(uuid, uuid) is 'Raises TQ425 with the members of the cycle that this edge would close.';
