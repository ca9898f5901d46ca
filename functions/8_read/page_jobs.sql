-- A page begins after the last id of the page before, in whichever order it goes.
create or replace function taskq.page_jobs(
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
  after uuid default null,
  oldest_first boolean default false,
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
  v_first uuid := '00000000-0000-0000-0000-000000000000';
  v_newest uuid := coalesce(taskq_private.job_id_floor(created_to), 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  v_oldest uuid := coalesce(taskq_private.job_id_floor(created_from), v_first);
  v_max_rows integer := least(greatest(max_rows, 1), 1000);
  v_job_ids uuid[];
begin
  if oldest_first then
    v_job_ids := array(
      select m.job_id
      from taskq_private.oldest_job_ids(
        status, type, queue, priority, v_newest, greatest(v_oldest, after), coalesce(after, v_first),
        run_at_from, run_at_to, metadata, workflow_id, v_max_rows
      ) as m (job_id)
    );
    return query select j.* from taskq.get_jobs(v_job_ids) as j order by j.job_id;
  else
    v_job_ids := array(
      select m.job_id
      from taskq_private.matching_job_ids(
        status, type, queue, priority, least(v_newest, after), v_oldest,
        run_at_from, run_at_to, metadata, workflow_id, v_max_rows
      ) as m (job_id)
    );
    return query select j.* from taskq.get_jobs(v_job_ids) as j order by j.job_id desc;
  end if;
end;
$$;
comment on function taskq.page_jobs(
  taskq.job_status[], text[], text[], smallint[], timestamptz, timestamptz, timestamptz, timestamptz, jsonb, uuid, uuid, boolean, integer
) is
  'Jobs that match every filter given, as list_jobs(), but in either order: newest or oldest first. For the next page give the last job_id as after. Example: select job_id, type from taskq.page_jobs(status => ''{failed}'', oldest_first => true, max_rows => 10).';
