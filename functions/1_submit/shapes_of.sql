-- Most requests of a list differ only in what is a job's own. The rest of a request is its shape, and is checked and read once
-- for all that share it.
create or replace function taskq_private.shapes_of(requests jsonb, errors jsonb, out shapes jsonb, out some_have_own boolean)
language plpgsql
immutable
as $$
begin
  if jsonb_array_length(requests) = 1 and errors = '{}' then -- one job has no others to share it with
    some_have_own := true;
    shapes := case jsonb_typeof(requests -> 0) when 'object' then jsonb_build_array(taskq_private.shape_of(requests -> 0)) else requests end;
    return;
  end if;
  select jsonb_agg(s.shape), bool_or(s.has_own) into shapes, some_have_own
  from (
    select
      case jsonb_typeof(e.value) when 'object' then taskq_private.shape_of(e.value) else e.value end as shape,
      bool_or(e.value ?| '{idempotency_key,name,metadata,run_at,trace_context,depends_on}') as has_own
    from jsonb_array_elements(requests) with ordinality as e (value, ordinality)
    where not errors ? e.ordinality::text
    group by 1
  ) as s;
end;
$$;
comment on function taskq_private.shapes_of(jsonb, jsonb) is
  'The different shapes of those requests that have no error, and whether some have more of their own than a payload.';
