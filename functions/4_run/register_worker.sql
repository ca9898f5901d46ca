-- A worker says what it can run and carry, and gets an id. A restarted worker registers anew. Raises: TQ422.
create or replace function taskq.register_worker(
  name text,
  types text[],
  cpu_units numeric,
  memory_mb integer,
  concurrency integer default 1,
  queues text[] default null,
  resources jsonb default '{}'
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_worker_id uuid := taskq_private.job_id_at(v_now);
begin
  perform taskq_private.check_resources(resources);
  insert into taskq_private.workers (worker_id, name, types, queues, cpu_units, memory_mb, resources, concurrency, started_at, heartbeat_at)
  values (v_worker_id, name, types, queues, cpu_units, memory_mb, coalesce(resources, '{}'), concurrency, v_now, v_now);
  return v_worker_id;
end;
$$;
comment on function taskq.register_worker(text, text[], numeric, integer, integer, text[], jsonb) is
  'Registers a worker: the job types it runs, the cpu and memory that its jobs may take together, how many it runs at a time, the queues it serves (null for all), and what else it has, such as {"gpu": 2}. Answers its worker_id. Types are registered with register_task_types(). TQ422 for resources that are none. Example: select taskq.register_worker(''host-1'', ''{resize}'', cpu_units => 4, memory_mb => 4096, concurrency => 4).';
