-- What must hold whenever no transaction is under way. Tests and the fault suite call it; it reads everything.
create or replace function taskq_private.check_invariants()
returns setof text
language sql
stable
as $$
  select format('job %s is in %s places: %s', p.job_id, count(*), array_agg(p.status)) from taskq_private.places as p group by p.job_id having count(*) > 1
  union all
  select format('job %s is nowhere', s.job_id)
  from taskq_private.job_specs as s where not exists (select from taskq_private.places as p where p.job_id = s.job_id)
  union all
  select format('job %s has a place and no spec', p.job_id)
  from (
    select f.job_id from taskq_private.finished_jobs as f
    union all select w.job_id from taskq_private.waiting_jobs as w
    union all select r.job_id from taskq_private.ready_jobs as r
    union all select u.job_id from taskq_private.claims as c cross join unnest(c.job_ids) as u (job_id)
  ) as p
  where not exists (select from taskq_private.job_specs as s where s.job_id = p.job_id)
  union all
  select format('job %s is in lane %s, its spec says %s', p.job_id, p.lane_id, s.lane_id)
  from taskq_private.places as p join taskq_private.job_specs as s on s.job_id = p.job_id where s.lane_id <> p.lane_id
  union all
  select format('job %s counts %s dependencies and has %s unsatisfied', w.job_id, w.remaining_dependencies, count(d.job_id))
  from taskq_private.waiting_jobs as w
  left join taskq_private.job_dependencies as d on d.job_id = w.job_id and not d.satisfied
  group by w.job_id, w.remaining_dependencies having w.remaining_dependencies <> count(d.job_id)
  union all
  select format('job %s is blocked and waits for nothing', w.job_id)
  from taskq_private.waiting_jobs as w
  where w.status = 'blocked' and w.remaining_dependencies = 0 and not exists (select from taskq_private.keyed_jobs as j where j.job_id = w.job_id)
  union all
  select format('job %s is %s with unsatisfied dependency %s', p.job_id, p.status, d.depends_on_id)
  from taskq_private.places as p join taskq_private.job_dependencies as d on d.job_id = p.job_id
  where not d.satisfied and p.status not in ('blocked', 'cancelled')
  union all
  select format('job %s waits for job %s, which is %s', d.job_id, d.depends_on_id, f.status)
  from taskq_private.waiting_jobs as w
  join taskq_private.job_specs as s on s.job_id = w.job_id
  join taskq_private.job_dependencies as d on d.job_id = w.job_id and not d.satisfied
  join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id
  where (taskq_private.satisfies(f.status, d.condition) or s.on_dependency_failure = 'cancel' or f.status = 'completed')
    and not exists (select from taskq_private.unsettled_jobs as u where u.job_id = d.depends_on_id)
  union all
  select format('workflow %s counts %s jobs that have not ended and has %s', w.workflow_id, w.unfinished_count, count(s.job_id))
  from taskq.workflows as w
  left join taskq_private.job_specs as s
    on s.workflow_id = w.workflow_id and not exists (select from taskq_private.finished_jobs as f where f.job_id = s.job_id)
  group by w.workflow_id, w.unfinished_count having w.unfinished_count <> count(s.job_id)
  union all
  select r.breach from taskq_private.check_resource_invariants() as r (breach)
  union all
  select r.breach from taskq_private.check_schedule_invariants() as r (breach)
  union all
  select format('worker %s has ended and holds claim %s', w.name, c.claim_id)
  from taskq_private.claims as c join taskq_private.workers as w on w.worker_id = c.worker_id where w.status in ('stopped', 'lost')
  union all
  select format('idempotency key %s names job %s, which is gone', k.idempotency_key, k.job_id)
  from taskq_private.idempotency_keys as k where not exists (select from taskq_private.job_specs as s where s.job_id = k.job_id)
  union all
  select format('job %s was asked to stop and is not running', r.job_id)
  from taskq_private.cancel_requests as r
  where not exists (select from taskq_private.claims as c where c.claim_id = r.claim_id and c.job_ids @> array[r.job_id])
  union all
  select format('job %s reports progress and is not running', g.job_id)
  from taskq_private.job_progress as g where not exists (select from taskq_private.claims as c where c.job_ids @> array[g.job_id]);
$$;
comment on function taskq_private.check_invariants() is 'Every breach of an invariant, as a sentence; none in a sound database.';
