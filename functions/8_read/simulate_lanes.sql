create or replace function taskq_private.simulate_lanes(workers taskq_private.workers[], lanes taskq_private.simulated_lane[], max_steps integer)
returns taskq_private.simulation
language plpgsql
stable
as $$
declare
  v_cpu double precision[] := array(select w.cpu_units from unnest(workers) with ordinality as w order by w.ordinality);
  v_memory double precision[] := array(select w.memory_mb from unnest(workers) with ordinality as w order by w.ordinality);
  v_slots integer[] := array(select w.concurrency from unnest(workers) with ordinality as w order by w.ordinality);
  v_left bigint[] := array(select case when l.fits then l.jobs else 0 end from unnest(lanes) with ordinality as l order by l.ordinality);
  v_all double precision := (select coalesce(sum(l.jobs * l.seconds), 0) from unnest(lanes) as l where l.fits);
  v_done double precision := 0;
  v_lane taskq_private.simulated_lane;
  v_now double precision := 0;
  v_cpu_seconds double precision := 0;
  v_ends double precision[] := '{}';
  v_run integer[] := '{}'; -- three numbers for each batch that runs: lane, worker, jobs
  v_next integer;
  v_w integer;
  v_k integer;
begin
  for v_step in 1 .. max_steps loop
    for v_i in 1 .. cardinality(lanes) loop
      continue when v_left[v_i] = 0;
      v_lane := lanes[v_i];
      foreach v_w in array v_lane.worker_numbers loop
        v_k := least(v_left[v_i], v_slots[v_w], floor(v_cpu[v_w] / nullif(v_lane.cpu_units, 0) + 1e-9), floor(v_memory[v_w] / nullif(v_lane.memory_mb, 0) + 1e-9));
        continue when v_k < 1;
        v_left[v_i] := v_left[v_i] - v_k;
        v_slots[v_w] := v_slots[v_w] - v_k;
        v_cpu[v_w] := v_cpu[v_w] - v_k * v_lane.cpu_units;
        v_memory[v_w] := v_memory[v_w] - v_k * v_lane.memory_mb;
        v_ends := v_ends || (v_now + v_lane.seconds);
        v_run := v_run || v_i || v_w || v_k;
        v_done := v_done + v_k * v_lane.seconds;
        v_cpu_seconds := v_cpu_seconds + v_k * v_lane.seconds * v_lane.cpu_units;
      end loop;
    end loop;
    exit when cardinality(v_ends) = 0;

    select e.n::integer, e.at into v_next, v_now from unnest(v_ends) with ordinality as e (at, n) order by e.at limit 1;
    v_lane := lanes[v_run[v_next * 3 - 2]];
    v_w := v_run[v_next * 3 - 1];
    v_k := v_run[v_next * 3];
    v_slots[v_w] := v_slots[v_w] + v_k;
    v_cpu[v_w] := v_cpu[v_w] + v_k * v_lane.cpu_units;
    v_memory[v_w] := v_memory[v_w] + v_k * v_lane.memory_mb;
    v_ends := v_ends[:v_next - 1] || v_ends[v_next + 1:];
    v_run := v_run[:v_next * 3 - 3] || v_run[v_next * 3 + 1:];
  end loop;
  v_now := greatest(v_now, (select max(e.at) from unnest(v_ends) as e (at))); -- of those that still ran at the last step
  v_k := case when v_done > 0 and v_done < v_all then 1 else 0 end;
  return row(v_now * case v_k when 1 then v_all / v_done else 1 end, v_cpu_seconds * case v_k when 1 then v_all / v_done else 1 end, v_k = 1)::taskq_private.simulation;
end;
$$;
comment on function taskq_private.simulate_lanes(taskq_private.workers[], taskq_private.simulated_lane[], integer) is 'Runs a backlog on workers in the mind.';
