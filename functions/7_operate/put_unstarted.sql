-- A job that was ready keeps its place in line.
create or replace function taskq_private.put_unstarted(
  job_id uuid, lane_id integer, attempt smallint, due_at timestamptz, ready_at timestamptz, remaining integer
)
returns taskq.job_status
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_status taskq.job_status := case
    when remaining > 0 then 'blocked'
    when due_at > v_now then case when attempt > 1 then 'retrying' else 'pending' end
    else 'ready'
  end;
begin
  if v_status = 'ready' then
    perform taskq_private.make_ready(array[job_id], array[lane_id], array[attempt], array[coalesce(ready_at, v_now)]);
    perform taskq_private.hint('ready');
  else
    insert into taskq_private.waiting_jobs (job_id, lane_id, status, due_at, remaining_dependencies, attempt)
    values (job_id, lane_id, v_status, due_at, remaining, attempt);
  end if;
  return taskq_private.status_of(job_id);
end;
$$;
comment on function taskq_private.put_unstarted(uuid, integer, smallint, timestamptz, timestamptz, integer) is
  'Puts a job that has not started into the place that it belongs to; answers its status.';
