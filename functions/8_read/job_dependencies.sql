create or replace view taskq.job_dependencies as
select d.job_id, d.depends_on_id, d.condition, d.satisfied
from taskq_private.job_dependencies as d;
comment on view taskq.job_dependencies is
  'Edges: job_id waits for depends_on_id until that has ended as condition asks (success, failure, finished). Ask by job_id or by depends_on_id.';
