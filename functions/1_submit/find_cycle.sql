-- Every job that could not be sorted has a parent that could not be sorted, so walking up among those must come back somewhere.
create or replace function taskq_private.find_cycle(sorted integer[], parents integer[], children integer[])
returns integer[]
language plpgsql
immutable
as $$
declare
  v_sorted jsonb := (select coalesce(jsonb_object_agg(s, true), '{}') from unnest(sorted) as s);
  v_above jsonb;
  v_path integer[];
  v_job integer;
begin
  v_above := (
    select jsonb_object_agg(e.child, e.parent)
    from unnest(parents, children) as e (parent, child)
    where not v_sorted ? e.parent::text and not v_sorted ? e.child::text
  );
  v_job := (select min(k::integer) from jsonb_object_keys(v_above) as k);
  while array_position(v_path, v_job) is null loop
    v_path := v_path || v_job;
    v_job := (v_above ->> v_job::text)::integer;
  end loop;
  return v_path[array_position(v_path, v_job):] || v_job;
end;
$$;
comment on function taskq_private.find_cycle(integer[], integer[], integer[]) is
  'One cycle of a graph, from a job up through what it depends on back to itself; sorted is what topological_order() could sort.';
