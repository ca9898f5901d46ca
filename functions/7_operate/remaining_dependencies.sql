-- The caller has locked the parents. An edge that can never be satisfied is an error here: the parent comes first.
create or replace function taskq_private.remaining_dependencies(job_id uuid)
returns integer
language plpgsql
stable
as $$
declare
  v_remaining integer;
  v_ended uuid;
begin
  select count(*), (array_agg(d.depends_on_id) filter (where f.job_id is not null))[1]
  into v_remaining, v_ended
  from taskq_private.job_dependencies as d
  left join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id
  where d.job_id = remaining_dependencies.job_id and not d.satisfied;

  if v_ended is not null then
    raise exception 'job % depends on job %, which is %', job_id, v_ended, taskq_private.status_of(v_ended)
      using errcode = 'TQ409', detail = taskq_private.status_of(v_ended)::text, hint = 'Retry that job first.';
  end if;
  return v_remaining;
end;
$$;
comment on function taskq_private.remaining_dependencies(uuid) is 'How many of its dependencies a job still waits for.';
