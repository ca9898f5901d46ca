-- nothing -> pending | blocked | ready. All of them or none.
-- Calls: submit_each. Raises: the first error, its field prefixed with jobs[n].
create or replace function taskq.submit_jobs(jobs jsonb)
returns table ("position" integer, job_id uuid, status taskq.job_status, created boolean, warnings text[])
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_answers jsonb;
  v_error jsonb;
begin
  if (select sum(jsonb_array_length(d.list)) from jsonb_path_query(jobs, '$[*].depends_on') as d (list) where jsonb_typeof(d.list) = 'array') > 200000 then
    perform taskq_private.raise_error(taskq_private.invalid('depends_on', 'the jobs of one call name more than 200000 dependencies', 'TQ413', 'Submit them in several calls.'));
  end if;

  select jsonb_agg(to_jsonb(s) order by s."position"), (array_agg(s.error order by s."position") filter (where s.error is not null))[1]
    || jsonb_build_object('position', min(s."position") filter (where s.error is not null))
  into v_answers, v_error
  from taskq.submit_each(jobs) as s;

  if v_error is not null then
    perform taskq_private.raise_error(v_error || jsonb_build_object(
      'field', format('jobs[%s].%s', v_error ->> 'position', v_error ->> 'field'),
      'message', format('jobs[%s]: %s', v_error ->> 'position', v_error ->> 'message')
    ));
  end if;
  return query
    select a."position", a.job_id, a.status, a.created, a.warnings
    from jsonb_to_recordset(v_answers) as a ("position" integer, job_id uuid, status taskq.job_status, created boolean, warnings text[]);
end;
$$;
comment on function taskq.submit_jobs(jsonb) is
  'Submits a list of jobs in one transaction, all or none. Each element has the fields of POST /jobs: {"type", "payload", "priority", "resource_requirements", "retry_config", "depends_on", "run_at", ...}. Positions count from 0.';
