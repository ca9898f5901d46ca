-- Checks a value against the part of JSON Schema that z.toJSONSchema() writes. Unknown keywords are not checked here; the
-- worker checks the payload again with the task's own schema.
create or replace function taskq_private.schema_error(value jsonb, schema jsonb, path text)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_type text := jsonb_typeof(value);
  v_key text;
  v_item jsonb;
  v_schema jsonb;
  v_error jsonb;
begin
  if schema ?| array['anyOf', 'oneOf'] then
    for v_item in select jsonb_array_elements(coalesce(schema -> 'anyOf', schema -> 'oneOf')) loop
      v_error := taskq_private.schema_error(value, v_item, path);
      exit when v_error is null;
    end loop;
    return v_error;
  end if;

  v_error := taskq_private.schema_scalar_error(value, v_type, schema, path);
  if v_error is not null then
    return v_error;
  end if;

  if v_type = 'object' then
    if schema ? 'required' then
      select r.name into v_key from jsonb_array_elements_text(schema -> 'required') as r (name) where not value ? r.name limit 1;
      if v_key is not null then
        return taskq_private.invalid(path || '.' || v_key, format('%s is required', path || '.' || v_key));
      end if;
    end if;
    for v_key, v_item, v_schema in select d.key, d.field, d.field_schema from taskq_private.schema_doubts(value, schema) as d loop
      v_error := case
        when v_schema = 'false' then taskq_private.invalid(path || '.' || v_key, format('%s is not known', path || '.' || v_key))
        else taskq_private.schema_error(v_item, v_schema, path || '.' || v_key)
      end;
      if v_error is not null then
        return v_error;
      end if;
    end loop;
  elsif v_type = 'array' and jsonb_typeof(schema -> 'items') = 'object' then
    for v_key, v_item in select (e.ordinality - 1)::text, e.value from jsonb_array_elements(value) with ordinality as e (value, ordinality) loop
      v_error := taskq_private.schema_error(v_item, schema -> 'items', path || '[' || v_key || ']');
      if v_error is not null then
        return v_error;
      end if;
    end loop;
  end if;
  return null;
end;
$$;
comment on function taskq_private.schema_error(jsonb, jsonb, text) is
  'The first place where a value breaks a JSON Schema, as an error value; null if it fits.';
