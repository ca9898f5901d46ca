-- What request_fields cannot say: the type is registered, the payload within the limits, run_at is an
-- instant, dependencies have their form. read_requests() asks only where something may be wrong. Null for a
-- good request.
create or replace function taskq_private.request_error(request jsonb, type text, is_known boolean, payload jsonb, run_at text)
returns jsonb
language plpgsql
stable
as $$
declare
  v_bad text;
begin
  if is_known is not true then
    return taskq_private.invalid('type', format('unknown job type "%s"', type), 'TQ421', 'Start a worker that registers it; select * from taskq.task_types lists the known ones.');
  end if;
  if pg_column_size(payload) > 1048576 and octet_length(payload::text) > 1048576 then
    return taskq_private.invalid('payload', 'payload is larger than 1 MiB', 'TQ413', 'Keep the data elsewhere and submit where it is.');
  end if;
  if taskq_private.is_too_deep(payload) then
    return taskq_private.invalid('payload', 'payload is nested more than 64 levels deep', 'TQ413');
  end if;
  if run_at is not null and taskq_private.to_instant(run_at) is null then
    return taskq_private.invalid('run_at', format('run_at "%s" is not an ISO 8601 instant with a time zone', run_at), 'TQ422', 'For example 2030-01-15T10:00:00Z.');
  end if;
  if jsonb_typeof(request -> 'depends_on') = 'array' then
    select d.value::text into v_bad
    from jsonb_array_elements(request -> 'depends_on') as d
    where case jsonb_typeof(d.value)
      when 'string' then d.value = '""'
      when 'object' then
        jsonb_typeof(d.value -> 'job') is distinct from 'string'
        or d.value -> 'job' = '""'
        or coalesce(nullif(d.value -> 'condition', 'null'), '"success"') not in ('"success"', '"failure"', '"finished"')
        or d.value - '{job,condition}'::text[] <> '{}'
      else true
    end
    limit 1;
    if v_bad is not null then
      return taskq_private.invalid(
        'depends_on', format('depends_on %s is neither a job nor {"job", "condition"} with success, failure or finished', left(v_bad, 200)), 'TQ422',
        'Give an id that submitting answered, or {"job": <it>, "condition": "success", "failure" or "finished"}.'
      );
    end if;
  end if;
  if request ->> 'concurrency_limit' is not null and request ->> 'concurrency_key' is null then
    return taskq_private.invalid('concurrency_limit', 'concurrency_limit needs a concurrency_key', 'TQ422', 'Say which jobs share it.');
  end if;
  return null;
end;
$$;
comment on function taskq_private.request_error(jsonb, text, boolean, jsonb, text) is 'What is wrong with a well-formed request, as an error value.';
