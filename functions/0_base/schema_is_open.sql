-- The schema of tasks that take any object, which is worth knowing before payloads are looked at.
create or replace function taskq_private.schema_is_open(schema jsonb)
returns boolean
language sql
immutable
parallel safe
as $$
  select schema ->> 'type' = 'object'
    and not schema ?| '{anyOf,oneOf,const,enum,required}'
    and schema -> 'properties' = '{}' and schema -> 'additionalProperties' in ('{}', 'true');
$$;
comment on function taskq_private.schema_is_open(jsonb) is 'Whether a JSON Schema plainly allows every object.';
