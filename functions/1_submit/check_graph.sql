-- Raises: TQ422 for what is neither a list nor a graph; TQ413 for more edges than one call may have.
create or replace function taskq_private.check_graph(jobs jsonb)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_requests jsonb := case when jsonb_typeof(jobs) = 'object' then jobs -> 'jobs' else jobs end;
  v_unknown text;
begin
  if jsonb_typeof(jobs) = 'object' then
    select k into v_unknown from jsonb_object_keys(jobs - '{workflow,jobs}'::text[]) as k limit 1;
    if v_unknown is not null then
      perform taskq_private.raise_error(taskq_private.invalid(v_unknown, format('"%s" is not a field of a graph', v_unknown), 'TQ422', 'A graph is {"workflow": {"name": ...}, "jobs": [...]}.'));
    end if;
  end if;
  if jsonb_typeof(v_requests) is distinct from 'array' then
    perform taskq_private.raise_error(taskq_private.invalid('jobs', 'jobs must be a list of objects', 'TQ422', 'Give a list of jobs, or {"workflow": {"name": ...}, "jobs": [...]}.'));
  end if;
  if jobs -> 'workflow' <> 'null' and v_requests = '[]' then
    perform taskq_private.raise_error(taskq_private.invalid('jobs', 'a workflow needs at least one job'));
  end if;

  if (select sum(jsonb_array_length(d.list)) from jsonb_path_query(v_requests, '$[*].depends_on') as d (list) where jsonb_typeof(d.list) = 'array') > 200000 then
    perform taskq_private.raise_error(taskq_private.invalid('depends_on', 'the jobs of one call name more than 200000 dependencies', 'TQ413', 'Submit them in several calls.'));
  end if;
  return v_requests;
end;
$$;
comment on function taskq_private.check_graph(jsonb) is 'The jobs of a graph, whether it is given as a list or with a workflow; raises for anything else.';
