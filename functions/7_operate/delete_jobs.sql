-- Finished jobs only: the caller has locked their finished rows. Edges to them go too, settled as they are.
create or replace function taskq_private.delete_jobs(job_ids uuid[])
returns void
language plpgsql
volatile
as $$
begin
  delete from taskq_private.idempotency_keys as k
  using taskq_private.job_specs as s
  where s.job_id = any (job_ids) and s.idempotency_key = k.idempotency_key and k.job_id = s.job_id;

  delete from taskq_private.job_dependencies as d where d.job_id = any (job_ids);
  delete from taskq_private.job_dependencies as d where d.depends_on_id = any (job_ids);
  delete from taskq_private.job_logs as l where l.job_id = any (job_ids);
  delete from taskq_private.job_attempts as a where a.job_id = any (job_ids);
  delete from taskq_private.finished_jobs as f where f.job_id = any (job_ids);
  delete from taskq_private.job_specs as s where s.job_id = any (job_ids);
end;
$$;
comment on function taskq_private.delete_jobs(uuid[]) is 'Deletes finished jobs with their history.';
