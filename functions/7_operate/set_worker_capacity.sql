-- Locks: the worker's row. Raises: TQ404, TQ412, TQ422.
create or replace function taskq.set_worker_capacity(
  worker_id uuid, cpu_units numeric default null, memory_mb integer default null, resources jsonb default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  perform taskq_private.check_scope();
  perform taskq_private.check_resources(set_worker_capacity.resources);
  if set_worker_capacity.cpu_units < 0 or set_worker_capacity.memory_mb < 0 then
    perform taskq_private.raise_error(taskq_private.invalid('cpu_units', 'a capacity is not below 0'));
  end if;
  perform taskq_private.lock_worker(set_worker_capacity.worker_id);
  update taskq_private.workers as w
  set
    cpu_units = coalesce(set_worker_capacity.cpu_units, w.cpu_units),
    memory_mb = coalesce(set_worker_capacity.memory_mb, w.memory_mb),
    resources = coalesce(set_worker_capacity.resources, w.resources),
    capacity_set_at = taskq_private.clock()
  where w.worker_id = set_worker_capacity.worker_id;
  perform taskq_private.record_audit(
    'set_worker_capacity', set_worker_capacity.worker_id::text,
    jsonb_strip_nulls(jsonb_build_object('cpu_units', set_worker_capacity.cpu_units, 'memory_mb', set_worker_capacity.memory_mb, 'resources', set_worker_capacity.resources))
  );
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq.set_worker_capacity(uuid, numeric, integer, jsonb) is
  'Changes what a live worker can carry, until it registers again. Below what it holds it ends nothing: it takes nothing new until enough has ended. Example: select taskq.set_worker_capacity(:''worker'', cpu_units => 2).';
