-- By the same functions as a submit. Its lane is made here, so that no tick ever waits for a submit that makes the same one.
-- Raises: what a submit would, with job. before the field.
create or replace function taskq_private.check_scheduled_job(name text, job jsonb, checked_at timestamptz)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_job jsonb := (select coalesce(jsonb_object_agg(e.key, e.value), '{}') from jsonb_each(case jsonb_typeof(job) when 'object' then job end) as e where e.value <> 'null');
  v_own text := (select min(k) from jsonb_object_keys(v_job) as k where k in ('idempotency_key', 'depends_on', 'on_dependency_failure', 'run_at', 'created_by', 'trace_context'));
  v_checked taskq_private.submission[];
begin
  if jsonb_typeof(job) is distinct from 'object' then
    perform taskq_private.raise_error(taskq_private.invalid('job', 'job must be an object', 'TQ422', 'Give the job that each tick submits, such as {"type": "echo", "payload": {}}.'));
  end if;
  if v_own is not null then
    perform taskq_private.raise_error(taskq_private.invalid('job.' || v_own, format('the job of a schedule has no %s', v_own), 'TQ422', 'Leave it out: each tick submits a job of its own, at once, in the name of the schedule.'));
  end if;
  v_checked := taskq_private.check_payloads(taskq_private.read_requests(
    jsonb_build_array(taskq_private.scheduled_request(name, v_job, checked_at, checked_at)), checked_at
  ));
  if v_checked[1].error is not null then
    perform taskq_private.raise_error(v_checked[1].error || jsonb_build_object('field', 'job.' || (v_checked[1].error ->> 'field')));
  end if;
  perform taskq_private.intern_lanes(v_checked, checked_at);
  return v_job;
end;
$$;
comment on function taskq_private.check_scheduled_job(text, jsonb, timestamptz) is 'Raises what is wrong with the job of a schedule; answers it without its nulls.';
