create or replace function taskq_private.schema_bounds(schema jsonb)
returns text
language sql
immutable
parallel safe
as $$
  select string_agg(e.key || ' ' || (e.value #>> '{}'), ', ' order by e.key)
  from jsonb_each(schema) as e
  where e.key in
    ('minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'minLength', 'maxLength', 'minItems', 'maxItems');
$$;
comment on function taskq_private.schema_bounds(jsonb) is 'The bounds that a JSON Schema sets, in words.';
