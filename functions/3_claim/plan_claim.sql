-- What this worker would take now. A job that is first in line and too large for what is free has it kept free; then only what
-- will not delay that job goes beside it, and once that job fits, it goes alone: who comes next is looked at anew.
-- Locks, in a claim: the pools concerned. A preview changes nothing, and takes a reservation that would be made as made.
create or replace function taskq_private.plan_claim(
  worker taskq_private.workers, max_jobs integer, is_claim boolean,
  out lane_ids integer[], out job_counts integer[], out handicaps interval[], out job_ids uuid[]
)
language plpgsql
volatile
as $$
declare
  v_free taskq_private.capacity := taskq_private.free_capacity(worker);
  v_looked record;
  v_large taskq_private.lanes;
  v_head record;
  v_stop_before timestamptz;
  v_beside taskq_private.shadow;
  v_plan record;
begin
  if exists (select from taskq_private.resource_pools) then
    v_free.others := v_free.others || taskq_private.lock_pools(worker, is_claim);
  end if;
  v_looked := taskq_private.lane_levels(worker, v_free);
  if v_looked.has_large or exists (select from taskq_private.reservations as r where r.worker_id = worker.worker_id) then
    v_large := taskq_private.own_reservation(worker.worker_id, is_claim);
  end if;
  if v_large.lane_id is null and v_looked.has_large then
    v_head := taskq_private.large_head(worker, v_free);
    v_stop_before := v_head.order_at;
    if v_head.is_first and (not is_claim or taskq_private.reserve_worker(worker.worker_id, v_head.job_id, (v_head.lane).lane_id)) then
      v_large := v_head.lane;
    end if;
  end if;

  if v_large.lane_id is null then
    v_plan := taskq_private.choose_lanes(worker, v_free, null, v_looked.levels, max_jobs, v_stop_before, null);
  elsif taskq_private.lane_fits(v_large, v_free) then
    v_large := taskq_private.first_reserved(worker, v_free, v_large);
    lane_ids := array[v_large.lane_id];
    job_counts := array[1];
    handicaps := array[interval '0'];
    return;
  else
    v_beside := taskq_private.shadow_of(worker, v_free, v_large);
    v_plan := taskq_private.choose_lanes(worker, v_free, v_beside, v_looked.levels, max_jobs, null, greatest(5, 500 / greatest(v_looked.fitting, 1))::integer);
  end if;
  lane_ids := v_plan.lane_ids;
  job_counts := v_plan.job_counts;
  handicaps := v_plan.handicaps;
  job_ids := v_plan.job_ids;
end;
$$;
comment on function taskq_private.plan_claim(taskq_private.workers, integer, boolean) is
  'The lanes to take jobs from, how many from each, and what to add to ready_at for the effective order; and, where not the first of a lane are meant, which jobs.';
