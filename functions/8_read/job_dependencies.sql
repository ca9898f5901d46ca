create or replace view taskq.job_dependencies as
select d.job_id, d.depends_on_id, d.condition, d.satisfied
from taskq_private.job_dependencies as d
where taskq_private.sees_queue(null) or exists (
  select from taskq_private.job_specs as s join taskq_private.lanes as n on n.lane_id = s.lane_id
  where s.job_id = d.job_id and taskq_private.sees_queue(n.queue)
);
comment on column taskq.job_dependencies.job_id is 'The job that waits.';
comment on column taskq.job_dependencies.depends_on_id is 'The job that it waits for.';
comment on column taskq.job_dependencies.condition is 'What it asks of it: its success, its failure, or its end (finished).';
comment on column taskq.job_dependencies.satisfied is 'Whether that has come.';
comment on view taskq.job_dependencies is
  'Edges: job_id waits for depends_on_id until that has ended as condition asks (success, failure, finished). Ask by job_id or by depends_on_id.';
