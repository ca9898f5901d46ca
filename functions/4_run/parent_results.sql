create or replace function taskq.parent_results(job_id uuid)
returns table (parent_id uuid, name text, type text, status taskq.job_status, result jsonb)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select d.depends_on_id, s.name, l.type, f.status, f.result
  from taskq_private.job_dependencies as d
  join taskq_private.job_specs as s on s.job_id = d.depends_on_id
  join taskq_private.lanes as l on l.lane_id = s.lane_id
  left join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id
  where d.job_id = parent_results.job_id
  order by s.name, d.depends_on_id;
$$;
comment on function taskq.parent_results(uuid) is 'What the jobs that this job depended on left behind.';
