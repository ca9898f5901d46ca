create or replace function taskq_private.job_id_at(instant timestamptz, "position" integer default 0)
returns uuid
language sql
volatile
parallel safe
as $$
  select taskq_private.job_id_of(taskq_private.micros_of(instant) + "position");
$$;
comment on function taskq_private.job_id_at(timestamptz, integer) is
  'A new job id that sorts by this instant, and within a call by the position.';
