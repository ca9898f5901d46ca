-- One statement for the whole batch: every field of every request against request_fields. Only broken fields come back.
create or replace function taskq_private.broken_fields(requests jsonb)
returns table (ordinal bigint, field text, message text)
language sql
stable
as $$
  with request as (
    select r.ordinality as ordinal, case when jsonb_typeof(r.value) = 'object' then r.value end as fields
    from jsonb_array_elements(requests) with ordinality as r (value, ordinality)
  ), field as (
    select q.ordinal, f.key, f.value
    from request as q
    cross join lateral (
      select case when e.key like '%.%' then '"' || e.key || '"' else e.key end as key, e.value from jsonb_each(coalesce(q.fields, '{"": ""}')) as e
      union all
      select 'resource_requirements.' || e.key, e.value
      from jsonb_each(case when jsonb_typeof(q.fields -> 'resource_requirements') = 'object' then q.fields -> 'resource_requirements' end) as e
      union all
      select 'retry_config.' || e.key, e.value
      from jsonb_each(case when jsonb_typeof(q.fields -> 'retry_config') = 'object' then q.fields -> 'retry_config' end) as e
      union all
      select 'type', '""' where q.fields is not null and coalesce(q.fields -> 'type', 'null') = 'null'
    ) as f
  ), broken as (
    select f.ordinal, f.key,
      case
        when f.key = '' then 'a job must be an object'
        when k.field is null and f.key like 'resource_requirements.%' then taskq_private.resource_error(substr(f.key, 23), f.value)
        when k.field is null then f.key || ' is not a field of a job'
        when k.json_type = 'any' or f.value = 'null' then null
        when k.json_type = 'priority' then
          case when taskq_private.priority_of(f.value #>> '{}') is null then f.key || ' must be ' || k.description end
        when jsonb_typeof(f.value) <> k.json_type then f.key || ' must be ' || k.description
        when k.json_type = 'number' then
          case when not (f.value::numeric between k.minimum and k.maximum and (not k.whole or f.value::numeric % 1 = 0))
            or f.key = 'resource_requirements.cpu_units' and f.value::numeric * 1000 % 1 <> 0
            then f.key || ' must be ' || k.description end
        when k.json_type = 'string' then
          case when not (length(f.value #>> '{}') between k.minimum and k.maximum) or (f.value #>> '{}') !~ k.pattern
            then f.key || ' must be ' || k.description end
        when k.json_type = 'array' then
          case when jsonb_array_length(f.value) > k.maximum then f.key || ' must be ' || k.description end
        when f.key = 'metadata' and pg_column_size(f.value) > 16384 then f.key || ' must be ' || k.description
      end as message
    from field as f
    left join taskq_private.request_fields as k on k.field = f.key
  )
  select b.ordinal, b.key, b.message
  from broken as b
  where b.message is not null;
$$;
comment on function taskq_private.broken_fields(jsonb) is 'The fields of a list of requests that break a rule of request_fields.';
