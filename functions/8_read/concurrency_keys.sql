create or replace view taskq.concurrency_keys as
select
  k.concurrency_key,
  k.max_running,
  count(j.job_id) filter (where j.is_admitted) as admitted_count,
  count(j.job_id) filter (where not j.is_admitted) as parked_count
from taskq_private.concurrency_keys as k
left join taskq_private.keyed_jobs as j on j.concurrency_key = k.concurrency_key
where taskq_private.sees_queue(null)
group by k.concurrency_key, k.max_running;
comment on column taskq.concurrency_keys.concurrency_key is 'The key.';
comment on column taskq.concurrency_keys.max_running is 'How many of its jobs may be ready or running.';
comment on column taskq.concurrency_keys.admitted_count is 'How many are.';
comment on column taskq.concurrency_keys.parked_count is 'How many wait for one of those to end.';
comment on view taskq.concurrency_keys is 'Keys that jobs share a limit under: how many may be ready or running, how many are, and how many are parked behind them.';
