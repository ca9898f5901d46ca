-- Raises: TQ404.
create or replace function taskq.get_job(job_id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_job jsonb;
begin
  select to_jsonb(j) || jsonb_build_object(
    'depends_on', (
      select coalesce(jsonb_agg(case d.condition when 'success' then to_jsonb(d.depends_on_id) else jsonb_build_object('job', d.depends_on_id, 'condition', d.condition) end order by d.depends_on_id), '[]')
      from taskq_private.job_dependencies as d where d.job_id = j.job_id
    ),
    'progress', (select jsonb_build_object('percent', p.percent, 'data', taskq_private.shown(p.data), 'at', p.at) from taskq_private.job_progress as p where p.job_id = j.job_id),
    'cancel_requested_at', (select r.requested_at from taskq_private.cancel_requests as r where r.job_id = j.job_id)
  )
  into v_job
  from taskq.jobs as j
  where j.job_id = get_job.job_id;
  if v_job is null then
    perform taskq_private.lane_of(get_job.job_id);
  end if;
  return v_job;
end;
$$;
comment on function taskq.get_job(uuid) is 'One job as JSON: the columns of taskq.jobs, what it depends on as it was asked for, its progress, and when it was asked to stop. TQ404 for an unknown job. Example: select jsonb_pretty(taskq.get_job(:''job'')::jsonb).';
