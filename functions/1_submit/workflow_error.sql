-- A workflow's fields are a job's fields of the same names, under the same rules.
create or replace function taskq_private.workflow_error(workflow jsonb)
returns jsonb
language plpgsql
stable
as $$
declare
  v_unknown text;
  v_error jsonb;
begin
  if jsonb_typeof(workflow) <> 'object' then
    return taskq_private.invalid('workflow', 'workflow must be an object', 'TQ422', 'For example {"name": "nightly"}.');
  end if;
  select k into v_unknown from jsonb_object_keys(workflow - '{name,metadata,idempotency_key,created_by}'::text[]) as k limit 1;
  if v_unknown is not null then
    return taskq_private.invalid('workflow.' || v_unknown, format('workflow.%s is not a field of a workflow', v_unknown), 'TQ422', 'It has name, metadata and idempotency_key.');
  end if;
  if workflow -> 'name' is null or workflow -> 'name' = 'null' then
    return taskq_private.invalid('workflow.name', 'a workflow needs a name');
  end if;

  select c.error into v_error from taskq_private.check_requests(jsonb_build_array(workflow || '{"type": "any"}')) as c;
  return v_error || jsonb_build_object('field', 'workflow.' || (v_error ->> 'field'), 'message', 'workflow.' || (v_error ->> 'message'));
end;
$$;
comment on function taskq_private.workflow_error(jsonb) is 'What is wrong with the description of a workflow, as an error value; null for a good one.';
