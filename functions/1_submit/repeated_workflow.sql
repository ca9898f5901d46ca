-- The instant in a job's id says where it stood in the request; a job that stood there and had an idempotency key of its own may
-- be from an earlier call.
create or replace function taskq_private.repeated_workflow(workflow_id uuid, requests jsonb)
returns table (
  "position" integer, name text, job_id uuid, status taskq.job_status, created boolean, warnings text[], workflow_id_of uuid
)
language sql
stable
as $$
  select (q.ordinality - 1)::integer, q.value ->> 'name', f.job_id, taskq_private.status_of(f.job_id), false, '{}'::text[], w.workflow_id
  from taskq_private.workflows as w
  cross join jsonb_array_elements(requests) with ordinality as q (value, ordinality)
  left join taskq_private.job_specs as s
    on s.workflow_id = w.workflow_id and s.created_at = w.created_at + q.ordinality * interval '1 microsecond'
  left join taskq_private.idempotency_keys as k on k.idempotency_key = q.value ->> 'idempotency_key'
  cross join lateral (select coalesce(s.job_id, k.job_id)) as f (job_id)
  where w.workflow_id = repeated_workflow.workflow_id
  order by q.ordinality;
$$;
comment on function taskq_private.repeated_workflow(uuid, jsonb) is 'What submit_jobs() answers to a request that it has had before.';
