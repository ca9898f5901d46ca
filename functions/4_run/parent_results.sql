-- Results are read one by one, by name, until together they are as large as they may be, give or take one: ten thousand parents can have left
-- more than a worker can hold.
create or replace function taskq.parent_results(job_id uuid, max_bytes integer default 4194304)
returns table (
  parent_id uuid, name text, type text, condition taskq.dependency_condition, status taskq.job_status, result jsonb, error jsonb, is_left_out boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_left integer := max_bytes;
  -- workers get the truth, and whoever looks what may be shown
  v_is_worker boolean := taskq_private.acting_role() = 'taskq_worker'
    or current_setting('role') = 'none' and pg_has_role(session_user, 'taskq_worker', 'usage');
begin
  if taskq_private.queue_scope() is not null then
    perform taskq_private.lane_of(parent_results.job_id);
  end if;
  for parent_id, name, type, condition, status in
    select d.depends_on_id, s.name, l.type, d.condition, f.status
    from taskq_private.job_dependencies as d
    join taskq_private.job_specs as s on s.job_id = d.depends_on_id
    join taskq_private.lanes as l on l.lane_id = s.lane_id
    left join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id
    where d.job_id = parent_results.job_id and taskq_private.sees_queue(l.queue)
    order by s.name, d.depends_on_id
  loop
    result := null;
    error := null;
    is_left_out := v_left <= 0;
    if not is_left_out then
      select f.result, f.error into result, error from taskq_private.finished_jobs as f where f.job_id = parent_results.parent_id;
      if not v_is_worker then
        result := taskq_private.shown(result);
        error := taskq_private.shown(error);
      end if;
      v_left := v_left - coalesce(octet_length(result::text), 0) - coalesce(octet_length(error::text), 0);
    end if;
    return next;
  end loop;
end;
$$;
comment on function taskq.parent_results(uuid, integer) is
  'How the jobs that this job depends on ended and what they left behind, by name; results and errors until they are max_bytes together (4 MiB), the rest is_left_out: look those up by parent_id. Example: select name, status, result from taskq.parent_results(:''job'').';
