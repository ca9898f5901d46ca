-- A suspect is a job that two workers died with. The next worker that takes it has nothing else then, so that its neighbours are
-- not taken down with it, and so that a third death has one culprit. A worker that has just started, or has nothing, comes soon where
-- workers die. Only once a suspect has waited for 5 seconds, workers are kept for it: each finishes what it has and takes nothing,
-- until it is empty; at most half of those that could run it, the first by number.
-- Locks, in a claim: the pools concerned.
create or replace function taskq_private.plan_suspect(
  worker taskq_private.workers, is_claim boolean,
  out is_kept boolean, out lane_ids integer[], out job_counts integer[], out handicaps interval[], out job_ids uuid[], out starts timestamptz[],
  out has_needs boolean
)
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_next record;
  v_workers record;
  v_needs jsonb;
  v_free jsonb := worker.resources;
begin
  is_kept := exists (
    select from taskq_private.suspects as s join taskq_private.claims as c on c.claim_id = s.claim_id where c.worker_id = worker.worker_id
  );
  if is_kept then
    return;
  end if;

  select l as lane, s.job_id, count(*) over () as waiting, s.suspected_at < taskq_private.clock() - interval '5 seconds' as is_old into v_next
  from taskq_private.suspects as s
  join taskq_private.ready_jobs as r on r.lane_id = s.lane_id and r.job_id = s.job_id and r.ready_at = 'infinity'
  join taskq_private.lanes as l on l.lane_id = s.lane_id
  join taskq_private.queues as q on q.queue = l.queue and q.paused_at is null
  where taskq_private.could_run(worker, l)
  order by s.suspected_at, s.job_id
  limit 1;
  if not found then
    return;
  end if;
  select
    greatest(1, count(*) / 2) - count(*) filter (where has.suspect) as room,
    count(*) filter (where not has.suspect and w.worker_number < worker.worker_number) as before
  into v_workers
  from taskq_private.workers as w
  cross join lateral (select exists (
    select from taskq_private.suspects as s join taskq_private.claims as c on c.claim_id = s.claim_id where c.worker_id = w.worker_id
  )) as has (suspect)
  where w.status = 'active' and taskq_private.could_run(w, v_next.lane);
  if v_workers.room <= 0 then
    return;
  elsif exists (select from taskq_private.claims as c where c.worker_id = worker.worker_id) then
    is_kept := v_next.is_old and v_workers.before < least(v_workers.room, v_next.waiting);
    return;
  end if;

  v_needs := taskq_private.lane_needs(v_next.lane);
  has_needs := v_needs is not null;
  if has_needs then
    v_free := v_free || taskq_private.lock_pools(array[row(null, null, null, null, v_needs, null, null)::taskq_private.front], is_claim);
  end if;
  if not has_needs or taskq_private.covers(v_free, v_needs) then
    select true, array[(v_next.lane).lane_id], array[1], array[interval '0'], array[v_next.job_id], array['infinity'::timestamptz]
    into is_kept, lane_ids, job_counts, handicaps, job_ids, starts;
  end if;
end;
$$;
comment on function taskq_private.plan_suspect(taskq_private.workers, boolean) is
  'Whether a worker takes nothing now but a job that must be alone, or nothing at all; and which job that is, as plan_claim() answers.';
