create or replace function taskq.count_jobs(
  status taskq.job_status[] default null,
  type text[] default null,
  queue text[] default null,
  priority smallint[] default null,
  created_from timestamptz default null,
  created_to timestamptz default null,
  run_at_from timestamptz default null,
  run_at_to timestamptz default null,
  metadata jsonb default null,
  workflow_id uuid default null
)
returns bigint
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select count(*)
  from taskq_private.matching_job_ids(
    status, type, queue, priority,
    coalesce(taskq_private.job_id_floor(created_to), 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
    coalesce(taskq_private.job_id_floor(created_from), '00000000-0000-0000-0000-000000000000'),
    run_at_from, run_at_to, metadata, workflow_id, null
  );
$$;
comment on function taskq.count_jobs(
  taskq.job_status[], text[], text[], smallint[], timestamptz, timestamptz, timestamptz, timestamptz, jsonb, uuid
) is 'How many jobs match every filter given. Counts each one: ask only when someone wants to know. Example: select taskq.count_jobs(status => ''{failed}'', created_from => now() - interval ''1 day'').';
