-- A level takes at least 8 bytes of jsonb, so most payloads need not be looked into. One expression, so that it is inlined.
create or replace function taskq_private.is_too_deep(payload jsonb)
returns boolean
language sql
stable
parallel safe
as $$
  select pg_column_size(payload) > 512
    and jsonb_typeof(payload) in ('object', 'array')
    and jsonb_path_exists(payload, 'strict $.**{64} ? (@.type() == "object" || @.type() == "array")');
$$;
comment on function taskq_private.is_too_deep(jsonb) is 'Whether a payload is nested more than 64 levels deep.';
