create or replace function taskq_private.explain_parked(job_id uuid)
returns table (code text, message text, details jsonb)
language sql
stable
as $$
  select 'concurrency_limit',
    format('Its key "%s" allows %s at a time; it is number %s of those that wait.', j.concurrency_key, k.max_running, place.number),
    jsonb_build_object(
      'concurrency_key', j.concurrency_key, 'max_running', k.max_running, 'place_in_line', place.number,
      'job_ids', array(select o.job_id from taskq_private.keyed_jobs as o where o.concurrency_key = j.concurrency_key and o.is_admitted order by o.job_id limit 100)
    )
  from taskq_private.keyed_jobs as j
  join taskq_private.concurrency_keys as k on k.concurrency_key = j.concurrency_key
  cross join lateral (
    select count(*) + 1 as number
    from taskq_private.keyed_jobs as o
    where o.concurrency_key = j.concurrency_key and not o.is_admitted and (o.priority, o.ready_at, o.job_id) < (j.priority, j.ready_at, j.job_id)
  ) as place
  where j.job_id = explain_parked.job_id and not j.is_admitted;
$$;
comment on function taskq_private.explain_parked(uuid) is 'Which key a parked job waits for, who holds it, and its place in line.';
