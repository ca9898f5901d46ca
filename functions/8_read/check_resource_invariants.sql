create or replace function taskq_private.check_resource_invariants()
returns setof text
language sql
stable
as $$
  select format('worker %s holds %s cpu of %s, %s MB of %s, %s of %s', w.name, w.granted_cpu_units, w.cpu_units, w.granted_memory_mb, w.memory_mb, w.granted_resources, w.resources)
  from taskq.workers as w
  join taskq_private.workers as o on o.worker_id = w.worker_id
  where (w.granted_cpu_units > w.cpu_units or w.granted_memory_mb > w.memory_mb or not taskq_private.covers(w.resources, coalesce(w.granted_resources, '{}')))
    and exists (select from taskq_private.claims as c where c.worker_id = w.worker_id and (o.capacity_set_at is null or c.claimed_at > o.capacity_set_at))
  union all
  select format('job %s waits to run alone and is no suspect', r.job_id)
  from taskq_private.ready_jobs as r
  where r.ready_at = 'infinity' and not exists (select from taskq_private.suspects as s where s.job_id = r.job_id)
  union all
  select format('key %s never allowed more than %s and has %s out', k.concurrency_key, o.most_running, k.admitted_count)
  from taskq.concurrency_keys as k
  join taskq_private.concurrency_keys as o on o.concurrency_key = k.concurrency_key
  where k.admitted_count > o.most_running
  union all
  select format('key %s allows %s, has %s out and %s parked', k.concurrency_key, k.max_running, k.admitted_count, k.parked_count)
  from taskq.concurrency_keys as k
  where k.admitted_count < k.max_running and k.parked_count > 0
  union all
  select format('keyed job %s is %s and %s', j.job_id, case when j.is_admitted then 'admitted' else 'parked' end, taskq_private.status_of(j.job_id))
  from taskq_private.keyed_jobs as j
  where (taskq_private.status_of(j.job_id) in ('ready', 'running') and j.is_admitted or taskq_private.status_of(j.job_id) = 'blocked' and not j.is_admitted) is not true
  union all
  select format('job %s has a key and is %s without it', s.job_id, p.status)
  from taskq_private.job_specs as s
  join taskq_private.places as p on p.job_id = s.job_id
  where s.concurrency_key is not null and p.status in ('ready', 'running')
    and not exists (select from taskq_private.keyed_jobs as j where j.job_id = s.job_id and j.is_admitted);
$$;
comment on function taskq_private.check_resource_invariants() is 'Breaches of what must hold of workers'' capacities and of limits, as sentences.';
