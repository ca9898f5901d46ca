-- Names the culprit: the job that an edge leads to, or, where that was itself cancelled for another's sake, that other one.
create or replace function taskq_private.dependency_error(job_id uuid, parent_id uuid)
returns jsonb
language sql
stable
as $$
  select jsonb_build_object(
    'message', case
      when f.reason = 'dependency' then
        format('job %s was cancelled because job %s %s', parent.label, coalesce(f.error ->> 'culprit_label', f.error ->> 'depends_on'),
          coalesce(replace(f.error ->> 'culprit_status', 'cancelled', 'was cancelled'), 'did not complete'))
      else format('job %s %s, and this one asks for its %s', parent.label, replace(f.status::text, 'cancelled', 'was cancelled'),
        replace(d.condition::text, 'finished', 'end'))
    end,
    'depends_on', d.depends_on_id,
    'condition', d.condition,
    'culprit', case when f.reason = 'dependency' then coalesce(f.error ->> 'culprit', f.error ->> 'depends_on') else d.depends_on_id::text end,
    'culprit_label', case when f.reason = 'dependency' then coalesce(f.error ->> 'culprit_label', f.error ->> 'depends_on') else parent.label end,
    'culprit_status', case when f.reason = 'dependency' then f.error ->> 'culprit_status' else f.status::text end
  )
  from taskq_private.job_dependencies as d
  join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id
  join taskq_private.job_specs as s on s.job_id = d.depends_on_id
  cross join lateral (select case when s.name is null then s.job_id::text else format('"%s" (%s)', s.name, s.job_id) end) as parent (label)
  where d.job_id = dependency_error.job_id and d.depends_on_id = dependency_error.parent_id;
$$;
comment on function taskq_private.dependency_error(uuid, uuid) is 'The error of a job that can never run because of how this parent ended.';
