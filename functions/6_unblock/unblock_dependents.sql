-- blocked -> ready | pending | retrying. Marking an edge and counting it down happen under the child's lock, which the caller
-- holds, so that parents that end at once count each edge once.
create or replace function taskq_private.unblock_dependents(edges taskq_private.job_dependencies[])
returns void
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_child_ids uuid[] := array(select e.job_id from unnest(edges) as e);
  v_job_ids uuid[];
  v_lane_ids integer[];
  v_attempts smallint[];
begin
  if cardinality(v_child_ids) = 0 then
    return;
  end if;

  with marked as (
    update taskq_private.job_dependencies as d
    set satisfied = true
    from unnest(edges) as e
    where d.job_id = e.job_id and d.depends_on_id = e.depends_on_id and not d.satisfied
    returning d.job_id
  )
  update taskq_private.waiting_jobs as w
  set remaining_dependencies = w.remaining_dependencies - m.satisfied_count
  from (select job_id, count(*) as satisfied_count from marked group by job_id) as m
  where w.job_id = m.job_id;

  update taskq_private.waiting_jobs as w
  set status = case when w.attempt > 1 then 'retrying' else 'pending' end::taskq.job_status
  where w.job_id = any (v_child_ids) and w.status = 'blocked' and w.remaining_dependencies = 0 and w.due_at > v_now;

  with freed as (
    delete from taskq_private.waiting_jobs as w
    where w.job_id = any (v_child_ids) and w.status = 'blocked' and w.remaining_dependencies = 0
    returning w.job_id, w.lane_id, w.attempt
  )
  select array_agg(f.job_id), array_agg(f.lane_id), array_agg(f.attempt) into v_job_ids, v_lane_ids, v_attempts from freed as f;
  if v_job_ids is not null then
    perform taskq_private.make_ready(v_job_ids, v_lane_ids, v_attempts, array_fill(v_now, array[cardinality(v_job_ids)]));
    perform taskq_private.record_event('job_ready', v_job_ids, v_lane_ids);
    perform taskq_private.hint('ready');
  end if;
end;
$$;
comment on function taskq_private.unblock_dependents(taskq_private.job_dependencies[]) is
  'Marks edges as satisfied and makes the children ready that wait for nothing more.';
