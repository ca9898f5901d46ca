-- Raises: TQ404, TQ409 while jobs of the graph have not ended.
create or replace function taskq.critical_path(id uuid)
returns table (job_id uuid, name text, started_at timestamptz, finished_at timestamptz, seconds double precision, slack_seconds double precision)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select n.id, n.name, n.started_at, n.finished_at, n.seconds, n.slack_seconds
    from jsonb_to_recordset(taskq.job_graph(critical_path.id) -> 'nodes') as n (
      id uuid, name text, started_at timestamptz, finished_at timestamptz, seconds double precision, slack_seconds double precision, critical boolean
    )
    where n.critical and n.seconds > 0
    order by n.started_at, n.id;
  if not found and exists (select from taskq_private.graph_members(critical_path.id) as m (ids), unnest(m.ids) as u (job_id)
    where taskq_private.status_of(u.job_id) not in ('completed', 'failed', 'cancelled'))
  then
    raise exception 'jobs of % have not ended', id using errcode = 'TQ409', detail = 'running', hint = 'The critical path is known once every job has ended.';
  end if;
end;
$$;
comment on function taskq.critical_path(uuid) is
  'The jobs of a finished workflow (or of a job''s graph) that decided when it ended, in their order: making any of them faster makes the whole faster. For the slack of the others see job_graph(). TQ404 for an unknown id, TQ409 while a job of it has not ended. Example: select * from taskq.critical_path(:''workflow'').';
