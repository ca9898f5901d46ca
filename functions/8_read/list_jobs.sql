-- Pages by id, newest first: give the last id of a page as `before` to get the next.
create or replace function taskq.list_jobs(
  status taskq.job_status[] default null,
  type text[] default null,
  queue text[] default null,
  priority smallint[] default null,
  created_from timestamptz default null,
  created_to timestamptz default null,
  run_at_from timestamptz default null,
  run_at_to timestamptz default null,
  metadata jsonb default null,
  workflow_id uuid default null,
  before uuid default null,
  max_rows integer default 50
)
returns setof taskq.jobs
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  v_job_ids uuid[];
begin
  v_job_ids := array(
    select m.job_id
    from taskq_private.matching_job_ids(
      status, type, queue, priority,
      least(before, taskq_private.job_id_floor(created_to), 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
      coalesce(taskq_private.job_id_floor(created_from), '00000000-0000-0000-0000-000000000000'),
      run_at_from, run_at_to, metadata, workflow_id, least(greatest(max_rows, 1), 1000)
    ) as m (job_id)
  );
  return query select j.* from taskq.get_jobs(v_job_ids) as j order by j.job_id desc;
end;
$$;
comment on function taskq.list_jobs(
  taskq.job_status[], text[], text[], smallint[], timestamptz, timestamptz, timestamptz, timestamptz, jsonb, uuid, uuid, integer
) is
  'Jobs that match every filter given, newest first, at most max_rows (1000). metadata matches jobs whose metadata contains it, workflow_id those of a workflow. For the next page give the last job_id as before. Example: select job_id, type, status from taskq.list_jobs(status => ''{failed}'', max_rows => 10).';
