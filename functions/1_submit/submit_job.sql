-- nothing -> pending | blocked | ready. One job; the same path as a batch.
-- Calls: submit_each. Locks: its idempotency key, then the places of its dependencies. Raises: what submit_each answers.
create or replace function taskq.submit_job(
  type text,
  payload jsonb default '{}',
  queue text default null,
  priority text default null,
  run_at timestamptz default null,
  depends_on uuid[] default null,
  cpu_units numeric default null,
  memory_mb integer default null,
  max_attempts integer default null,
  timeout_seconds integer default null,
  retry_config jsonb default null,
  idempotency_key text default null,
  metadata jsonb default null,
  name text default null,
  condition taskq.dependency_condition default null,
  on_dependency_failure text default null,
  resources jsonb default null,
  concurrency_key text default null,
  concurrency_limit integer default null,
  expected_seconds numeric default null,
  out job_id uuid,
  out status taskq.job_status,
  out created boolean,
  out warnings text[]
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_request jsonb := jsonb_build_object('type', type, 'payload', coalesce(payload, '{}'));
  v_job record;
begin
  if num_nonnulls(
    queue, priority, run_at, depends_on, cpu_units, memory_mb, max_attempts, timeout_seconds, retry_config, idempotency_key, metadata, name,
    on_dependency_failure, resources, concurrency_key, concurrency_limit, expected_seconds
  ) > 0 then
    v_request := v_request || jsonb_build_object('metadata', metadata) || jsonb_strip_nulls(jsonb_build_object(
      'queue', queue, 'priority', priority, 'run_at', coalesce(to_char(run_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), run_at::text),
      'depends_on', (select jsonb_agg(jsonb_build_object('job', d, 'condition', coalesce(condition, 'success'))) from unnest(depends_on) as d),
      'on_dependency_failure', on_dependency_failure, 'timeout_seconds', timeout_seconds, 'idempotency_key', idempotency_key, 'name', name,
      'resource_requirements', nullif(coalesce(resources, '{}') || jsonb_strip_nulls(jsonb_build_object('cpu_units', cpu_units, 'memory_mb', memory_mb)), '{}'),
      'concurrency_key', concurrency_key, 'concurrency_limit', concurrency_limit, 'expected_seconds', expected_seconds,
      'retry_config', nullif(coalesce(retry_config, '{}') || jsonb_strip_nulls(jsonb_build_object('max_attempts', max_attempts)), '{}')
    ));
  end if;

  select * into v_job from taskq.submit_each(jsonb_build_array(v_request));
  if v_job.error is not null then
    perform taskq_private.raise_error(v_job.error);
  end if;
  job_id := v_job.job_id;
  status := v_job.status;
  created := v_job.created;
  warnings := v_job.warnings;
end;
$$;
comment on function taskq.submit_job(
  text, jsonb, text, text, timestamptz, uuid[], numeric, integer, integer, integer, jsonb, text, jsonb, text, taskq.dependency_condition, text, jsonb, text, integer, numeric
) is
  'Submits one job of a registered type. priority is critical, high, normal, low or 1 (first) to 10. depends_on are jobs to wait for, condition what of each: success, failure or finished. resources is what it takes beside cpu and memory, of its worker or of a pool: {"gpu": 1}. Under a known idempotency_key it answers with the first job and created = false. Example: select * from taskq.submit_job(''echo'', ''{"message": "hi"}'', priority => ''high'').';
