-- A greedy schedule of the ready backlog, lane by lane in the order of priority: every worker takes what fits, time goes on to the
-- next end, and so on. Durations are those of the lane's recent jobs (lane_seconds). What would take more than max_steps ends is
-- scaled up from what was done till then. Pools, keys, dependencies and jobs still to come are left out.
-- Raises: TQ404.
create or replace function taskq.simulate(
  worker_id uuid default null, cpu_units numeric default null, memory_mb integer default null, extra_workers integer default 0,
  max_steps integer default 10000
)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_workers taskq_private.workers[];
  v_lanes taskq_private.simulated_lane[];
  v_state taskq_private.simulation;
begin
  perform taskq_private.check_scope();
  v_workers := taskq_private.simulated_workers(worker_id, cpu_units, memory_mb, extra_workers);
  v_lanes := taskq_private.simulated_lanes(v_workers);
  v_state := taskq_private.simulate_lanes(v_workers, v_lanes, max_steps);
  return jsonb_build_object(
    'jobs', (select coalesce(sum(l.jobs), 0) from unnest(v_lanes) as l),
    'never', (select coalesce(sum(l.jobs), 0) from unnest(v_lanes) as l where not l.fits),
    'ends_in_seconds', round(v_state.seconds::numeric, 3),
    'ends_at', taskq_private.clock() + v_state.seconds * interval '1 second',
    'cpu_utilisation', case when v_state.seconds > 0 then
      round((v_state.cpu_seconds / nullif(v_state.seconds * (select sum(w.cpu_units) from unnest(v_workers) as w)::double precision, 0))::numeric, 3) end,
    'is_scaled', v_state.is_scaled,
    'workers', cardinality(v_workers)
  );
end;
$$;
comment on function taskq.simulate(uuid, numeric, integer, integer, integer) is
  'When the ready backlog would end if things went on as recorded, and what if a worker had other cpu_units or memory_mb, or there were extra_workers like it: {"jobs", "never" (fit no worker), "ends_in_seconds", "ends_at", "cpu_utilisation"}. Changes nothing. Example: select taskq.simulate(:''worker'', cpu_units => 32).';
