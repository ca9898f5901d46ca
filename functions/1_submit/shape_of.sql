create or replace function taskq_private.shape_of(request jsonb)
returns jsonb
language sql
immutable
parallel safe
as $$
  select request - '{payload,idempotency_key,name,metadata,run_at,trace_context,depends_on}'::text[];
$$;
comment on function taskq_private.shape_of(jsonb) is 'What a request has in common with others: all but what is a job''s own.';
