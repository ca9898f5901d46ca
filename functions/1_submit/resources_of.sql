create or replace function taskq_private.resources_of(of_type jsonb, requirements jsonb)
returns jsonb
language sql
immutable
as $$
  select coalesce(jsonb_object_agg(r.key, trim_scale(r.value::numeric)) filter (where r.value::numeric > 0), '{}')
  from jsonb_each(of_type || jsonb_strip_nulls(coalesce(nullif(requirements, 'null'), '{}') - '{cpu_units,memory_mb}'::text[])) as r;
$$;
comment on function taskq_private.resources_of(jsonb, jsonb) is 'What a job takes beside cpu and memory: what it asks for, else what its type does.';
