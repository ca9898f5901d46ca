-- A pattern that PostgreSQL cannot read would fail every submit of its type, so it is refused when the type is registered.
create or replace function taskq_private.refuse_bad_patterns(tasks jsonb)
returns void
language plpgsql
immutable
as $$
declare
  v_task jsonb;
  v_pattern text;
begin
  for v_task, v_pattern in
    select t.value, p.value #>> '{}'
    from jsonb_array_elements(tasks) as t
    cross join lateral jsonb_path_query(t.value -> 'payload_schema', '$.**.pattern') as p (value)
    where jsonb_typeof(p.value) = 'string'
  loop
    perform '' ~ v_pattern;
  end loop;
exception
  when invalid_regular_expression then
    perform taskq_private.raise_error(taskq_private.invalid(
      'payload_schema', format('the payload schema of %s has a pattern that PostgreSQL cannot read: %s', v_task ->> 'type', v_pattern),
      'TQ422', 'Write it without \p{...} and named groups.'
    ));
end;
$$;
comment on function taskq_private.refuse_bad_patterns(jsonb) is 'Raises TQ422 for a task whose payload schema has a pattern that is no regular expression here.';
