create or replace function taskq_private.simulated_workers(worker_id uuid, cpu_units numeric, memory_mb integer, extra_workers integer)
returns taskq_private.workers[]
language plpgsql
stable
as $$
#variable_conflict use_column
declare
  v_workers taskq_private.workers[] := array(select w from taskq_private.workers as w where w.status = 'active' order by w.worker_number);
  v_changed taskq_private.workers;
begin
  if cardinality(v_workers) = 0 and simulated_workers.worker_id is null
    or num_nonnulls(simulated_workers.worker_id, simulated_workers.cpu_units, simulated_workers.memory_mb) = 0 and extra_workers = 0
  then
    return v_workers;
  end if;
  for v_i in 1 .. cardinality(v_workers) loop
    if simulated_workers.worker_id is null or (v_workers[v_i]).worker_id = simulated_workers.worker_id then
      v_changed := v_workers[v_i];
      v_changed.cpu_units := coalesce(simulated_workers.cpu_units, v_changed.cpu_units);
      v_changed.memory_mb := coalesce(simulated_workers.memory_mb, v_changed.memory_mb);
      v_workers[v_i] := v_changed;
      exit when simulated_workers.worker_id is not null;
    end if;
  end loop;
  if v_changed.worker_id is null then
    raise exception 'worker % is not active', simulated_workers.worker_id
      using errcode = 'TQ404', hint = 'select worker_id from taskq.workers where status = ''active'' lists them.';
  end if;
  for v_i in 1 .. least(extra_workers, 1000) loop
    v_workers := v_workers || v_changed;
  end loop;
  return v_workers;
end;
$$;
comment on function taskq_private.simulated_workers(uuid, numeric, integer, integer) is 'The live workers, one (or all) of them changed, and more like it.';
