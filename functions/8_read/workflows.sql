-- The stored counts and those not yet added to them, so the status is exact whenever one looks. The rule is that of
-- status_of_workflow(), written out: functions in a view run with the rights of whoever looks.
create or replace view taskq.workflows as
select
  w.workflow_id,
  w.name,
  (case
    when w.job_count > e.completed_count + e.failed_count + e.cancelled_count + e.skipped_count then 'running'
    when w.cancel_requested_at is not null and e.cancelled_count > 0 then 'cancelled'
    when e.failed_count > 0 then 'failed'
    when e.cancelled_count > 0 then 'cancelled'
    else 'completed'
  end)::taskq.workflow_status as status,
  w.job_count,
  w.job_count - e.completed_count - e.failed_count - e.cancelled_count - e.skipped_count as unfinished_count,
  e.completed_count,
  e.failed_count,
  e.cancelled_count,
  e.skipped_count,
  w.created_at,
  case when w.job_count = e.completed_count + e.failed_count + e.cancelled_count + e.skipped_count then e.finished_at end as finished_at,
  w.created_by,
  w.cancel_requested_at,
  taskq_private.shown_text(w.cancel_reason) as cancel_reason,
  w.idempotency_key,
  taskq_private.shown(w.metadata) as metadata
from taskq_private.workflows as w
cross join lateral (
  select
    (w.completed_count + coalesce(sum(c.completed_count), 0))::integer as completed_count,
    (w.failed_count + coalesce(sum(c.failed_count), 0))::integer as failed_count,
    (w.cancelled_count + coalesce(sum(c.cancelled_count), 0))::integer as cancelled_count,
    (w.skipped_count + coalesce(sum(c.skipped_count), 0))::integer as skipped_count,
    greatest(w.finished_at, max(c.at)) as finished_at
  from taskq_private.workflow_counts as c
  where c.workflow_id = w.workflow_id
) as e
where taskq_private.sees_queue(null) or not exists (
  select from taskq_private.job_specs as s join taskq_private.lanes as n on n.lane_id = s.lane_id
  where s.workflow_id = w.workflow_id and not taskq_private.sees_queue(n.queue)
);
comment on column taskq.workflows.workflow_id is 'The workflow.';
comment on column taskq.workflows.name is 'Its name; several may have the same.';
comment on column taskq.workflows.status is 'running until all of its jobs have ended; then failed, cancelled or completed.';
comment on column taskq.workflows.job_count is 'Its jobs.';
comment on column taskq.workflows.unfinished_count is 'Those that have not ended.';
comment on column taskq.workflows.completed_count is 'Those that completed.';
comment on column taskq.workflows.failed_count is 'Those that failed.';
comment on column taskq.workflows.cancelled_count is 'Those that were cancelled.';
comment on column taskq.workflows.skipped_count is 'Those that were not needed: handlers of failures that did not happen.';
comment on column taskq.workflows.created_at is 'When it was submitted.';
comment on column taskq.workflows.finished_at is 'When the last of its jobs ended; null while one has not.';
comment on column taskq.workflows.created_by is 'Who submitted it.';
comment on column taskq.workflows.cancel_requested_at is 'When it was cancelled.';
comment on column taskq.workflows.cancel_reason is 'Why, in their words.';
comment on column taskq.workflows.idempotency_key is 'The key under which a second submit finds it.';
comment on column taskq.workflows.metadata is 'Free labels.';
comment on view taskq.workflows is
  'Graphs of jobs that were submitted under a name, with how many of their jobs have ended how. skipped_count are those that were not needed: handlers of failures that did not happen. For lists use taskq.list_workflows().';
