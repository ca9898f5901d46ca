-- The four places as one: where each job is now. Look-ups by id probe each place once.
create or replace view taskq_private.places as
select f.job_id, f.lane_id, f.status, f.attempt, null::timestamptz as due_at, null::timestamptz as ready_at, f.started_at, f.finished_at,
  f.claim_id, f.worker_id, f.reason, f.result, f.error, 0 as remaining_dependencies
from taskq_private.finished_jobs as f
union all
select w.job_id, w.lane_id, w.status, w.attempt, w.due_at, null, null, null, null, null, null, null, null, w.remaining_dependencies
from taskq_private.waiting_jobs as w
union all
select s.job_id, r.lane_id, 'ready', r.attempt, null, r.ready_at, null, null, null, null, null, null, null, 0
from taskq_private.job_specs as s
join taskq_private.ready_jobs as r on r.lane_id = s.lane_id and r.job_id = s.job_id
union all
select u.job_id, u.lane_id, 'running', u.attempt, null, null, c.claimed_at, null, c.claim_id, c.worker_id, null, null, null, 0
from taskq_private.claims as c
cross join unnest(c.job_ids, c.lane_ids, c.attempts) as u (job_id, lane_id, attempt);
comment on view taskq_private.places is 'Where each job is now: finished, waiting, ready or in a claim.';
