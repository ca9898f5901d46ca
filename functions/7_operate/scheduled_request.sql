create or replace function taskq_private.scheduled_request(name text, job jsonb, scheduled_for timestamptz, missed_since timestamptz)
returns jsonb
language sql
stable
as $$
  select job || jsonb_build_object(
    'created_by', 'schedule:' || name,
    'metadata', coalesce(job -> 'metadata', '{}') || jsonb_strip_nulls(jsonb_build_object(
      'schedule', name,
      'scheduled_for', to_char(scheduled_for at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'missed_since', to_char(missed_since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    ))
  );
$$;
comment on function taskq_private.scheduled_request(text, jsonb, timestamptz, timestamptz) is 'What one tick of a schedule submits.';
