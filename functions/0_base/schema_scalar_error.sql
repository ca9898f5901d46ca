-- The keywords that look at one value and not inside it. Sizes are asked only of values of their own type.
create or replace function taskq_private.schema_scalar_error(value jsonb, value_type text, schema jsonb, path text)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_expected jsonb := schema -> 'type';
  v_size numeric;
  v_name text := case value_type when 'string' then 'Length' when 'array' then 'Items' else 'imum' end;
begin
  if v_expected is not null
    and not (to_jsonb(value_type) <@ v_expected or (value_type = 'number' and v_expected @> '"integer"' and value::numeric % 1 = 0))
  then
    return taskq_private.invalid(path, format('%s must be %s, not %s', path, replace(v_expected::text, '"', ''), value_type));
  end if;
  if schema ? 'const' and value <> schema -> 'const' then
    return taskq_private.invalid(path, format('%s must be %s', path, schema -> 'const'));
  end if;
  if schema ? 'enum' and not exists (select from jsonb_array_elements(schema -> 'enum') as e (item) where e.item = value) then
    return taskq_private.invalid(path, format('%s must be one of %s', path, schema -> 'enum'));
  end if;
  if value_type not in ('string', 'number', 'array') then
    return null;
  end if;

  v_size := case value_type
    when 'number' then value::numeric
    when 'string' then length(value #>> '{}')
    else jsonb_array_length(value)
  end;
  if v_size < (schema ->> ('min' || v_name))::numeric or v_size > (schema ->> ('max' || v_name))::numeric
    or (value_type = 'number' and (v_size <= (schema ->> 'exclusiveMinimum')::numeric or v_size >= (schema ->> 'exclusiveMaximum')::numeric))
  then
    return taskq_private.invalid(path, format('%s is out of range: %s', path, taskq_private.schema_bounds(schema)));
  end if;
  if value_type = 'string' and (value #>> '{}') !~ (schema ->> 'pattern') then
    return taskq_private.invalid(path, format('%s must match %s', path, schema ->> 'pattern'));
  end if;
  return null;
end;
$$;
comment on function taskq_private.schema_scalar_error(jsonb, text, jsonb, text) is
  'The first keyword of a JSON Schema that a value itself breaks, as an error value.';
