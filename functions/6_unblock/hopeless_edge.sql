create or replace function taskq_private.hopeless_edge(job_id uuid)
returns taskq_private.job_dependencies
language sql
stable
as $$
  select d
  from taskq_private.job_dependencies as d
  left join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id
  left join taskq_private.job_specs as s on s.job_id = d.depends_on_id
  where d.job_id = hopeless_edge.job_id and not d.satisfied and (not taskq_private.satisfies(f.status, d.condition) or s.job_id is null)
  order by coalesce(f.status in ('failed', 'cancelled'), false), d.depends_on_id
  limit 1;
$$;
comment on function taskq_private.hopeless_edge(uuid) is 'An edge of this job that cannot be satisfied as things stand: its parent has ended otherwise, or is gone. One that no replay can mend comes first. Null when there is none.';
