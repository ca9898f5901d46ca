-- The caller has locked the parent. Raises: TQ409 for an edge that can never be satisfied, or that is there under another condition.
create or replace function taskq_private.check_new_edge(job_id uuid, depends_on uuid, condition taskq.dependency_condition)
returns boolean
language plpgsql
stable
as $$
#variable_conflict use_column
declare
  v_status taskq.job_status := (select f.status from taskq_private.finished_jobs as f where f.job_id = check_new_edge.depends_on);
  v_edge taskq_private.job_dependencies;
begin
  select * into v_edge from taskq_private.job_dependencies as d
  where d.job_id = check_new_edge.job_id and d.depends_on_id = check_new_edge.depends_on;
  if v_edge.condition <> check_new_edge.condition then
    raise exception 'job % depends on job % already, under the condition %', check_new_edge.job_id, check_new_edge.depends_on, v_edge.condition
      using errcode = 'TQ409', detail = v_edge.condition::text, hint = 'An edge has one condition, and it stays.';
  end if;
  if not taskq_private.satisfies(v_status, check_new_edge.condition) then
    raise exception 'job % is % and can never be waited for', check_new_edge.depends_on, v_status
      using errcode = 'TQ409', detail = v_status::text,
        hint = case when v_status = 'completed' then 'It has ended otherwise.' else 'Retry it first, or ask for another condition.' end;
  end if;
  return v_status is not null;
end;
$$;
comment on function taskq_private.check_new_edge(uuid, uuid, taskq.dependency_condition) is
  'Whether a new edge is satisfied from the start; raises for one that cannot be.';
