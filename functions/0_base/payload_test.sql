-- JSON Schema -> a jsonpath predicate that holds only where schema_error() would find nothing, made once, when the type is registered
-- (task_types.payload_test): most payloads then cost one call of jsonb_path_match(). Null, and false, mean "ask schema_error()".
create or replace function taskq_private.payload_test(schema jsonb)
returns jsonpath
language plpgsql
immutable
as $$
declare
  v_properties jsonb := coalesce(schema -> 'properties', '{}');
  v_required jsonb := coalesce(schema -> 'required', '[]');
  v_is_open boolean := coalesce(schema -> 'additionalProperties', 'true') in ('{}', 'true');
begin
  if schema = '{}' then
    return '1 == 1';
  elsif schema -> 'type' is distinct from '"object"' or schema ?| '{anyOf,oneOf,const,enum}'
    or jsonb_typeof(v_properties) <> 'object' or jsonb_path_exists(v_required, 'strict $ ? (@.type() != "array" || @[*].type() != "string")')
  then
    return null;
  end if;
  return (
    select string_agg(p.test, ' && ')
    from (
      select '$.type() == "object"'
      union all
      select format('exists($.%s)', r.name) from jsonb_array_elements(v_required) as r (name)
      union all
      select format('(!exists($.%s) || %s)', to_jsonb(f.key), taskq_private.value_test(f.value, concat('$.', to_jsonb(f.key))))
      from jsonb_each(v_properties) as f
      where f.value not in ('{}', 'true')
      union all
      select '!exists($.keyvalue()' || coalesce(' ? (!(' || string_agg(concat('@.key == ', to_jsonb(k)), ' || ') || '))', '') || ')'
      from jsonb_object_keys(v_properties) as k
      having not v_is_open
    ) as p (test)
  )::jsonpath;
end;
$$;
comment on function taskq_private.payload_test(jsonb) is 'A jsonpath predicate for payloads that plainly fit a JSON Schema.';
