-- Kahn's algorithm on arrays: the edges sorted by parent, how many edges each job still waits for, and a queue of the jobs that
-- wait for none. Each edge is looked at once. Jobs are 1 .. job_count; those in or behind a cycle are not in the answer.
create or replace function taskq_private.topological_order(job_count integer, parents integer[], children integer[])
returns integer[]
language plpgsql
immutable
as $$
declare
  v_children integer[];
  v_first integer[] := array_fill(0, array[job_count + 1]);
  v_waits integer[] := array_fill(0, array[job_count]);
  v_order integer[];
  v_done integer := 0;
  v_parent integer;
  v_child integer;
begin
  v_children := array(select e.child from unnest(parents, children) as e (parent, child) order by e.parent);
  foreach v_parent in array parents loop
    v_first[v_parent + 1] := v_first[v_parent + 1] + 1;
  end loop;
  for v_i in 2 .. job_count + 1 loop
    v_first[v_i] := v_first[v_i] + v_first[v_i - 1];
  end loop;
  foreach v_child in array v_children loop
    v_waits[v_child] := v_waits[v_child] + 1;
  end loop;

  v_order := array(select w.job from unnest(v_waits) with ordinality as w (count, job) where w.count = 0 order by w.job);
  while v_done < cardinality(v_order) loop
    v_done := v_done + 1;
    v_parent := v_order[v_done];
    for v_i in v_first[v_parent] + 1 .. v_first[v_parent + 1] loop
      v_child := v_children[v_i];
      v_waits[v_child] := v_waits[v_child] - 1;
      if v_waits[v_child] = 0 then
        v_order := v_order || v_child;
      end if;
    end loop;
  end loop;
  return v_order;
end;
$$;
comment on function taskq_private.topological_order(integer, integer[], integer[]) is
  'Jobs in an order in which each comes after what it depends on; edge n leads from parents[n] to children[n].';
