-- Finished jobs only: the caller has locked their finished rows. What they depended on goes with them; that others depended on
-- them stays known with those. A workflow goes with the last of its jobs.
create or replace function taskq_private.delete_jobs(job_ids uuid[])
returns void
language plpgsql
volatile
as $$
declare
  v_workflow_ids uuid[];
  v_keys text[];
begin
  v_workflow_ids := array(select distinct s.workflow_id from taskq_private.job_specs as s where s.job_id = any (job_ids) and s.workflow_id is not null);
  v_keys := (select array_agg(distinct s.concurrency_key) from taskq_private.job_specs as s where s.job_id = any (job_ids) and s.concurrency_key is not null);
  delete from taskq_private.idempotency_keys as k
  using taskq_private.job_specs as s
  where s.job_id = any (job_ids) and s.idempotency_key = k.idempotency_key and k.job_id = s.job_id;

  delete from taskq_private.job_dependencies as d where d.job_id = any (job_ids);
  delete from taskq_private.unsettled_jobs as u where u.job_id = any (job_ids);
  delete from taskq_private.job_logs as l where l.job_id = any (job_ids);
  delete from taskq_private.job_attempts as a where a.job_id = any (job_ids);
  delete from taskq_private.finished_jobs as f where f.job_id = any (job_ids);
  delete from taskq_private.job_specs as s where s.job_id = any (job_ids);
  if v_keys is not null then
    perform from taskq_private.concurrency_keys as k where k.concurrency_key = any (v_keys) order by k.concurrency_key for update;
    delete from taskq_private.concurrency_keys as k
    where k.concurrency_key = any (v_keys) and not k.is_kept
      and not exists (select from taskq_private.job_specs as s where s.concurrency_key = k.concurrency_key);
  end if;
  delete from taskq_private.workflows as w
  where w.workflow_id = any (v_workflow_ids) and not exists (select from taskq_private.job_specs as s where s.workflow_id = w.workflow_id);
end;
$$;
comment on function taskq_private.delete_jobs(uuid[]) is 'Deletes finished jobs with their history.';
