-- Called where jobs get or lose their finished rows. Only inserts, so that ends of one workflow never wait for each other.
-- Where no workflow is under way this is two index probes.
create or replace function taskq_private.count_workflow_jobs(job_ids uuid[], sign integer)
returns void
language plpgsql
volatile
as $$
begin
  if not exists (select from taskq_private.workflows as w where w.status = 'running')
    and not exists (select from taskq_private.workflow_counts)
    and sign > 0
  then
    return;
  end if;
  insert into taskq_private.workflow_counts (workflow_id, completed_count, failed_count, cancelled_count, skipped_count, at)
  select
    s.workflow_id,
    sign * count(*) filter (where f.status = 'completed'),
    sign * count(*) filter (where f.status = 'failed'),
    sign * count(*) filter (where f.status = 'cancelled' and not skip.is_one),
    sign * count(*) filter (where f.status = 'cancelled' and skip.is_one),
    max(f.finished_at)
  from taskq_private.job_specs as s
  cross join lateral (select * from taskq_private.finished_jobs as f where f.job_id = s.job_id offset 0) as f
  cross join lateral (select f.reason = 'dependency' and coalesce(f.error ->> 'culprit_status' = 'completed', false)) as skip (is_one)
  where s.job_id = any (job_ids) and s.workflow_id is not null
  group by s.workflow_id;
end;
$$;
comment on function taskq_private.count_workflow_jobs(uuid[], integer) is
  'Counts the ends of these jobs in their workflows: sign 1 when they have ended, -1 before they are replayed.';
