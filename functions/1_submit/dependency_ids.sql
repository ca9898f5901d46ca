create or replace function taskq_private.dependency_ids(depends_on jsonb)
returns uuid[]
language sql
immutable
as $$
  select array_agg(distinct d.value::uuid)
  from jsonb_array_elements_text(depends_on) as d (value)
  where d.value ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
$$;
comment on function taskq_private.dependency_ids(jsonb) is 'The distinct ids in a list of dependencies; what is no id is left to request_error().';
