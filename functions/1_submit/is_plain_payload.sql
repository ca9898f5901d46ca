create or replace function taskq_private.is_plain_payload(payload jsonb, test jsonpath)
returns boolean
language sql
stable
as $$
  select pg_column_size(payload) <= 1048576 and not taskq_private.is_too_deep(payload) and jsonb_path_match(payload, test, '{}', true) is true;
$$;
comment on function taskq_private.is_plain_payload(jsonb, jsonpath) is 'Whether a payload is within the limits and plainly fits its schema, by task_types.payload_test.';
