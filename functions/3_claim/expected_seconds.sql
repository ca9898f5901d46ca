create or replace function taskq_private.expected_seconds(job_id uuid)
returns double precision
language sql
stable
as $$
  select coalesce(s.expected_seconds, t.p95_seconds, s.timeout_seconds)
  from taskq_private.job_specs as s
  join taskq_private.lanes as l on l.lane_id = s.lane_id
  join taskq_private.task_types as t on t.type = l.type
  where s.job_id = expected_seconds.job_id;
$$;
comment on function taskq_private.expected_seconds(uuid) is 'How long a job is expected to run: what it says, else what its type''s recent jobs took, else its timeout.';
