-- What this worker would take now. A job that is first in line and too large for what is free has it kept free; then only what
-- will not delay that job goes beside it, and once that job fits, it goes alone: who comes next is looked at anew.
-- Locks, in a claim: the pools concerned. A preview changes nothing, and takes a reservation that would be made as made.
create or replace function taskq_private.plan_claim(
  worker taskq_private.workers, max_jobs integer, is_claim boolean,
  out lane_ids integer[], out job_counts integer[], out handicaps interval[], out job_ids uuid[], out starts timestamptz[], out has_needs boolean
)
language plpgsql
volatile
as $$
declare
  v_free taskq_private.capacity := taskq_private.free_capacity(worker, is_claim);
  v_looked record := taskq_private.lane_levels(worker, v_free, is_claim);
  v_has_reserved boolean := exists (select from taskq_private.reservations as r where r.worker_id = worker.worker_id);
  v_is_kept boolean := false;
  v_large taskq_private.lanes;
  v_head record;
  v_stop_before timestamptz;
  v_front taskq_private.front;
  v_beside taskq_private.shadow;
  v_plan record;
begin
  if exists (select from taskq_private.suspects) then
    select * into v_is_kept, lane_ids, job_counts, handicaps, job_ids, starts, has_needs from taskq_private.plan_suspect(worker, is_claim);
  end if;
  if v_is_kept or v_looked.fronts is null and not v_has_reserved then
    return;
  end if;
  has_needs := v_looked.has_needs;
  if has_needs then
    v_free.others := v_free.others || taskq_private.lock_pools(v_looked.fronts, is_claim);
  end if;
  if v_looked.has_large or v_has_reserved then
    v_large := taskq_private.own_reservation(worker.worker_id, is_claim);
  end if;
  if v_large.lane_id is null and v_looked.has_large then
    v_head := taskq_private.large_head(worker, v_free, v_looked.fronts);
    v_stop_before := v_head.order_at;
    if v_head.is_first and (not is_claim or taskq_private.reserve_worker(worker.worker_id, v_head.job_id, (v_head.lane).lane_id)) then
      v_large := v_head.lane;
    end if;
  end if;

  if v_large.lane_id is null and cardinality(v_looked.fronts) = 1 and v_looked.fitting = 1 and not has_needs then
    v_front := v_looked.fronts[1]; -- the rows of a lane that is alone need not be weighed one by one
    job_counts := array[least(max_jobs, floor(v_free.cpu_units / nullif(v_front.cpu_units, 0)), floor(v_free.memory_mb / nullif(v_front.memory_mb, 0)))];
    select array[v_front.lane_id], array[v_front.handicap], array[v_front.ready_at] into lane_ids, handicaps, starts;
    return;
  elsif v_large.lane_id is null then
    v_plan := taskq_private.choose_lanes(v_looked.fronts, v_free, null, v_looked.levels, max_jobs, v_stop_before, null);
  elsif taskq_private.lane_fits(v_large, v_free) then
    v_large := taskq_private.first_reserved(worker, v_free, v_large);
    select array[v_large.lane_id], array[1], array[interval '0'], array['-infinity'::timestamptz] into lane_ids, job_counts, handicaps, starts;
    return;
  else
    v_beside := taskq_private.shadow_of(worker, v_free, v_large);
    v_plan := taskq_private.choose_lanes(v_looked.fronts, v_free, v_beside, v_looked.levels, max_jobs, null, greatest(5, 500 / greatest(v_looked.fitting, 1))::integer);
  end if;

  select v_plan.job_ids, array_agg(t.lane_id), array_agg(t.jobs), array_agg(t.handicap), array_agg(t.start)
  into job_ids, lane_ids, job_counts, handicaps, starts
  from (
    select u.lane_id, count(*)::integer as jobs, min(u.handicap) as handicap, min(u.ready_at) as start
    from unnest(v_plan.lane_ids, v_plan.handicaps, v_plan.ready_ats) as u (lane_id, handicap, ready_at)
    group by u.lane_id
    order by min(u.handicap)
  ) as t;
end;
$$;
comment on function taskq_private.plan_claim(taskq_private.workers, integer, boolean) is
  'The lanes to take jobs from, how many from each, what to add to ready_at for the effective order, and from where on; whether they take of more than cpu and memory; and, where not the first of a lane are meant, which jobs.';
