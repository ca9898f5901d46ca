-- The fields of an object that schema_error() must look at: all but those that plainly fit, or fit one of several choices.
create or replace function taskq_private.schema_doubts(value jsonb, schema jsonb)
returns table (key text, field jsonb, field_schema jsonb)
language sql
immutable
parallel safe
as $$
  select e.key, e.value, s.schema
  from jsonb_each(value) as e
  cross join lateral (select coalesce(schema -> 'properties' -> e.key, schema -> 'additionalProperties') offset 0) as s (schema)
  where s.schema not in ('{}', 'true')
    and taskq_private.schema_fits(e.value, s.schema) is not true
    and not exists (
      select from jsonb_array_elements(case when jsonb_typeof(s.schema -> 'anyOf') = 'array' then s.schema -> 'anyOf' end) as a (schema)
      where taskq_private.schema_fits(e.value, a.schema)
    );
$$;
comment on function taskq_private.schema_doubts(jsonb, jsonb) is 'The fields of an object that do not plainly fit their schemas.';
