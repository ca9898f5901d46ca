-- An error as a value: batches collect these, so that one bad job is answered alone.
create or replace function taskq_private.invalid(field text, message text, code text default 'TQ422', hint text default null)
returns jsonb
language sql
immutable
parallel safe
as $$
  select jsonb_strip_nulls(jsonb_build_object('code', code, 'field', field, 'message', message, 'hint', hint));
$$;
comment on function taskq_private.invalid(text, text, text, text) is 'An error about one field of a request, as a value.';
