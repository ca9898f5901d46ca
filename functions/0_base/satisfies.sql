create or replace function taskq_private.satisfies(status taskq.job_status, condition taskq.dependency_condition)
returns boolean
language sql
immutable
as $$
  select case condition
    when 'success' then status = 'completed'
    when 'failure' then status = 'failed'
    else status in ('completed', 'failed', 'cancelled')
  end;
$$;
comment on function taskq_private.satisfies(taskq.job_status, taskq.dependency_condition) is
  'Whether a job that has ended like this is what an edge with this condition asks for; null for one that has not ended.';
