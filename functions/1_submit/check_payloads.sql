-- One statement finds the payloads that plainly fit; schema_error() is asked about the rest.
create or replace function taskq_private.check_payloads(jobs taskq_private.submission[])
returns taskq_private.submission[]
language plpgsql
stable
as $$
declare
  v_jobs taskq_private.submission[] := jobs;
  v_bad record;
begin
  for v_bad in
    with schema as materialized (
      select
        t.type,
        t.payload_schema || '{}' as schema, -- unpacked here, not again for each payload
        array(select jsonb_array_elements_text(t.payload_schema -> 'required')) as required,
        t.payload_schema ->> 'type' = 'object' and not t.payload_schema ?| '{anyOf,oneOf,const,enum}' as is_plain -- only its fields matter
      from (select distinct j.type from unnest(jobs) as j where j.is_unchecked and j.error is null) as j
      join taskq_private.task_types as t on t.type = j.type
    )
    select j.ordinal, taskq_private.schema_error(j.payload, s.schema, 'payload') as error
    from unnest(jobs) as j
    join schema as s on s.type = j.type
    where j.is_unchecked and j.error is null
      and (
        s.is_plain and jsonb_typeof(j.payload) = 'object' and j.payload ?& s.required
        and not exists (select from taskq_private.schema_doubts(j.payload, s.schema))
      ) is not true
  loop
    if v_bad.error is not null then
      v_jobs[v_bad.ordinal].error := v_bad.error || '{"code": "TQ424"}';
    end if;
  end loop;
  return v_jobs;
end;
$$;
comment on function taskq_private.check_payloads(taskq_private.submission[]) is 'Marks submissions whose payload does not fit the schema of its type.';
