create or replace view taskq.job_dependencies as
select d.job_id, d.depends_on_id, d.condition, d.satisfied
from taskq_private.job_dependencies as d
where taskq_private.sees_queue(null) or exists (
  select from taskq_private.job_specs as s join taskq_private.lanes as n on n.lane_id = s.lane_id
  where s.job_id = d.job_id and taskq_private.sees_queue(n.queue)
);
comment on view taskq.job_dependencies is
  'Edges: job_id waits for depends_on_id until that has ended as condition asks (success, failure, finished). Ask by job_id or by depends_on_id.';
