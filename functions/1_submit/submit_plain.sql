-- nothing -> ready. The short path of a list whose jobs have nothing of their own but a payload, and are else alike: of a known type,
-- for a lane that is there. Most single jobs are such a list. What is not plain, and whatever may be wrong, is left to
-- submit_requests(), which would store the same rows.
create or replace function taskq_private.submit_plain(requests jsonb, submitted_at timestamptz, out job_ids uuid[], out warnings text[])
language plpgsql
volatile
as $$
declare
  v_micros bigint := taskq_private.micros_of(submitted_at);
  v_first jsonb := coalesce(nullif(requests -> 0 -> 'payload', 'null'), '{}');
  v_shape jsonb := case jsonb_typeof(requests -> 0) when 'object' then (requests -> 0) - 'payload' end;
  v_lane record;
  v_is_plain boolean;
begin
  select * into v_lane from taskq_private.plain_lane(v_shape);
  if not found or not taskq_private.is_plain_payload(v_first, v_lane.payload_test) then
    return;
  end if;
  if jsonb_array_length(requests) > 1 then
    select bool_and(
      jsonb_typeof(e.value) = 'object' and e.value - 'payload' = v_shape
      and taskq_private.is_plain_payload(coalesce(nullif(e.value -> 'payload', 'null'), '{}'), v_lane.payload_test)
    )
    into v_is_plain
    from jsonb_array_elements(requests) as e;
    if not v_is_plain then
      return;
    end if;
  end if;

  with spec as (
    insert into taskq_private.job_specs (
      job_id, lane_id, payload, max_attempts, timeout_seconds, initial_delay_seconds, backoff_multiplier, max_delay_seconds, jitter, created_at, created_by
    )
    select
      taskq_private.job_id_of(v_micros + e.ordinality), v_lane.lane_id, coalesce(nullif(e.value -> 'payload', 'null'), '{}'),
      v_lane.max_attempts, v_lane.timeout_seconds, v_lane.initial_delay_seconds, v_lane.backoff_multiplier, v_lane.max_delay_seconds, v_lane.jitter,
      submitted_at + e.ordinality * interval '1 microsecond', taskq_private.actor()
    from jsonb_array_elements(requests) with ordinality as e (value, ordinality)
    returning job_specs.job_id
  ), ready as (
    insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
    select v_lane.lane_id, s.job_id, submitted_at, 1 from spec as s
  )
  select array_agg(s.job_id) into job_ids from spec as s; -- in their order
  perform taskq_private.record_event('job_submitted', job_ids, array_fill(v_lane.lane_id, array[cardinality(job_ids)]));
  perform taskq_private.hint('ready');
  warnings := case when v_lane.has_needs then taskq_private.submit_warnings(v_lane.lane_id) else '{}' end;
end;
$$;
comment on function taskq_private.submit_plain(jsonb, timestamptz) is 'Stores a list of plain jobs; nothing, and null, where it is not plain or may be wrong.';
