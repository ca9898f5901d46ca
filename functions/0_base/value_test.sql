-- A predicate that holds only where schema_error() would find nothing; 1 == 0 where that cannot be said in jsonpath (lengths, patterns,
-- what is inside). schema_error() ignores whatever stands beside anyOf, and keywords that are not known here.
create or replace function taskq_private.value_test(schema jsonb, at text)
returns text
language plpgsql
immutable
as $$
declare
  v_choices jsonb := coalesce(schema -> 'anyOf', schema -> 'oneOf');
  v_types jsonb := case jsonb_typeof(schema -> 'type') when 'array' then schema -> 'type' else jsonb_build_array(schema -> 'type') end;
  v_range text := concat(' && ' || at || ' >= ' || (schema ->> 'minimum'), ' && ' || at || ' <= ' || (schema ->> 'maximum'));
begin
  if schema in ('{}', 'true') then
    return '1 == 1';
  elsif v_choices is not null then
    return (
      select coalesce('(' || string_agg(taskq_private.value_test(c.value, at), ' || ') || ')', '1 == 0')
      from jsonb_array_elements(case jsonb_typeof(v_choices) when 'array' then v_choices end) as c
    );
  elsif schema ->> 'type' = 'string' and schema -> 'minLength' = '1' and not schema ?| '{const,enum,maxLength,pattern}' then
    return format('(%s.type() == "string" && %1$s != "")', at);
  elsif not schema ? 'type' or jsonb_path_exists(jsonb_build_array(schema -> 'minimum', schema -> 'maximum'), '$[*] ? (@.type() != "number" && @ != null)')
    or schema ?| '{const,enum,minLength,maxLength,pattern,exclusiveMinimum,exclusiveMaximum,minItems,maxItems,items,required,properties}'
    or coalesce(schema -> 'additionalProperties', 'true') not in ('{}', 'true')
  then
    return '1 == 0';
  end if;
  return (
    select '(' || string_agg(
      case t.type
        when 'integer' then format('%s.type() == "number" && %1$s.floor() == %1$s%s', at, v_range)
        when 'number' then format('%s.type() == "number"%s', at, v_range)
        else format('%s.type() == %s', at, to_jsonb(t.type))
      end, ' || ') || ')'
    from jsonb_array_elements_text(v_types) as t (type)
  );
end;
$$;
comment on function taskq_private.value_test(jsonb, text) is 'A jsonpath predicate for a value that plainly fits a JSON Schema.';
