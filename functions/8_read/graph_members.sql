-- The jobs of a workflow, or, for the id of a job, those that it depends on and those that depend on it, far and near; and the
-- jobs outside a workflow that its jobs depend on. Bounded; raises TQ404.
create or replace function taskq_private.graph_members(id uuid, max_jobs integer default 100000)
returns uuid[]
language plpgsql
stable
as $$
declare
  v_ids uuid[] := array(select s.job_id from taskq_private.job_specs as s where s.workflow_id = id order by s.job_id limit max_jobs);
begin
  if cardinality(v_ids) > 0 then
    if not taskq_private.sees_workflow(id) then
      raise exception 'no workflow %', id using errcode = 'TQ404', hint = 'It may have expired, or your API key is not for the queues of all its jobs.';
    end if;
    return v_ids || array(
      select d.depends_on_id from taskq_private.job_dependencies as d where d.job_id = any (v_ids)
      except
      select m.id from unnest(v_ids) as m (id)
    );
  end if;
  perform taskq_private.lane_of(id);
  return array(
    with recursive up as (
      select graph_members.id as job_id
      union
      select d.depends_on_id from up as u join taskq_private.job_dependencies as d on d.job_id = u.job_id
    ), down as (
      select graph_members.id as job_id
      union
      select d.job_id from down as u join taskq_private.job_dependencies as d on d.depends_on_id = u.job_id
    )
    select m.job_id from (select u.job_id from up as u union select d.job_id from down as d) as m order by m.job_id limit max_jobs
  );
end;
$$;
comment on function taskq_private.graph_members(uuid, integer) is 'The jobs of the graph that this id stands for.';
