create or replace function taskq_private.defer_dependents(job_ids uuid[], status taskq.job_status)
returns void
language plpgsql
volatile
as $$
begin
  insert into taskq_private.unsettled_jobs as t (job_id, status, revives)
  select u.job_id, defer_dependents.status, defer_dependents.status = 'ready'
  from unnest(job_ids) as u (job_id)
  where exists (select from taskq_private.job_dependencies as d where d.depends_on_id = u.job_id and not d.satisfied)
  order by u.job_id
  on conflict (job_id) do update set status = excluded.status, revives = t.revives or excluded.revives, after_id = null;
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq_private.defer_dependents(uuid[], taskq.job_status) is 'Leaves the dependents of these jobs to settle_chunk(), and wakes someone to call it.';
