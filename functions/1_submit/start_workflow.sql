-- Locks: the workflow's idempotency key; whoever finds another's workflow under it answers with that.
-- Raises: TQ422 naming the field, TQ410 for a key that belongs to another request.
create or replace function taskq_private.start_workflow(
  workflow jsonb, requests jsonb, submitted_at timestamptz, out workflow_id uuid, out is_repeated boolean
)
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_error jsonb := taskq_private.workflow_error(workflow);
  v_hash bytea;
  v_first taskq_private.workflows;
  v_seen_id uuid; -- the caller's key may be for some queues only
begin
  if v_error is not null then
    perform taskq_private.raise_error(v_error);
  end if;
  if workflow ->> 'idempotency_key' is not null then
    v_hash := (
      select sha256(convert_to((workflow - '{idempotency_key,created_by}'::text[])::text || string_agg(r.request::text, ',' order by e.ordinality), 'UTF8'))
      from jsonb_array_elements(requests) with ordinality as e (value, ordinality)
      cross join lateral (
        select case jsonb_typeof(e.value) when 'object' then e.value - '{created_by,trace_context}'::text[] else e.value end
      ) as r (request)
    );
  end if;

  is_repeated := false;
  loop
    insert into taskq_private.workflows (workflow_id, name, job_count, created_at, created_by, idempotency_key, request_hash, metadata)
    values (
      taskq_private.job_id_at(submitted_at, 0), workflow ->> 'name', jsonb_array_length(requests), submitted_at, coalesce(workflow ->> 'created_by', taskq_private.actor()),
      workflow ->> 'idempotency_key', v_hash, nullif(workflow -> 'metadata', 'null')
    )
    on conflict (idempotency_key) do nothing
    returning workflows.workflow_id into start_workflow.workflow_id;
    exit when found;
    select * into v_first from taskq_private.workflows as w where w.idempotency_key = workflow ->> 'idempotency_key';
    continue when not found; -- it was deleted between the two statements

    v_seen_id := case when taskq_private.sees_workflow(v_first.workflow_id) then v_first.workflow_id end;
    if v_first.request_hash <> v_hash or v_seen_id is null then
      perform taskq_private.raise_error(taskq_private.invalid(
        'workflow.idempotency_key', format('idempotency_key "%s" was used%s for another request', v_first.idempotency_key, ' by workflow ' || v_seen_id),
        'TQ410', 'Use a new key for a new request.'
      ) || jsonb_strip_nulls(jsonb_build_object('job_id', v_seen_id)));
    end if;
    workflow_id := v_first.workflow_id;
    is_repeated := true;
    exit;
  end loop;
end;
$$;
comment on function taskq_private.start_workflow(jsonb, jsonb, timestamptz) is 'Makes a workflow, or finds the one of an earlier request under the same key.';
