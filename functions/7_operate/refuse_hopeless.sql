-- A job whose dependency has ended otherwise, or is gone, would wait for ever: the dependency comes first. One that is to be
-- held may wait for its replay. Raises: TQ409 with the parent's state.
create or replace function taskq_private.refuse_hopeless(job_id uuid)
returns void
language plpgsql
stable
as $$
declare
  v_edge taskq_private.job_dependencies := taskq_private.hopeless_edge(job_id);
  v_status taskq.job_status := taskq_private.status_of(v_edge.depends_on_id);
begin
  if v_edge.job_id is null
    or v_status in ('failed', 'cancelled') and exists (
      select from taskq_private.job_specs as s where s.job_id = refuse_hopeless.job_id and s.on_dependency_failure = 'hold'
    )
  then
    return;
  end if;
  raise exception 'job % asks for % of job %, which is %', job_id,
      case v_edge.condition when 'finished' then 'the end' else 'the ' || v_edge.condition end, v_edge.depends_on_id, coalesce(v_status::text, 'deleted')
    using errcode = 'TQ409', detail = coalesce(v_status::text, 'deleted'),
      hint = case when v_status in ('failed', 'cancelled') then 'Retry that job first, with its dependents.' else 'Submit a new job in place of this one.' end;
end;
$$;
comment on function taskq_private.refuse_hopeless(uuid) is 'Raises TQ409 for a job with a dependency that can never be satisfied as things stand.';
