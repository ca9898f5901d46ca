-- True only where schema_error() would find nothing; anything else means "ask it". So this may know less, but never more: it
-- knows the keywords that most fields of payloads have. One expression, so that it is inlined: a batch is checked by one statement.
create or replace function taskq_private.schema_fits(value jsonb, schema jsonb)
returns boolean
language sql
immutable
parallel safe
as $$
  select not schema ?| '{anyOf,oneOf,const}'
    and (not schema ? 'enum' or jsonb_typeof(schema -> 'enum') = 'array' and schema -> 'enum' @> value)
    and case jsonb_typeof(value)
      when 'string' then
        schema ->> 'type' = 'string'
        and (not schema ?| '{minLength,maxLength}' or
          length(value #>> '{}') between coalesce((schema ->> 'minLength')::numeric, 0) and coalesce((schema ->> 'maxLength')::numeric, 'infinity'))
        and (not schema ? 'pattern' or (value #>> '{}') ~ (schema ->> 'pattern'))
      when 'number' then
        (schema ->> 'type' = 'number' or schema ->> 'type' = 'integer' and value::numeric % 1 = 0)
        and not schema ?| '{exclusiveMinimum,exclusiveMaximum}'
        and value::numeric between coalesce((schema ->> 'minimum')::numeric, '-infinity') and coalesce((schema ->> 'maximum')::numeric, 'infinity')
      when 'boolean' then schema ->> 'type' = 'boolean'
    end;
$$;
comment on function taskq_private.schema_fits(jsonb, jsonb) is 'Whether a text, number or boolean plainly fits a JSON Schema.';
