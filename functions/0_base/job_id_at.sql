-- A uuid v7: 48 bits of milliseconds, 12 bits of the microseconds within, 62 random bits. Adding `position` microseconds
-- keeps the jobs of one call in their order. The instant can be read back, so a range of created_at is a range of ids.
create or replace function taskq_private.job_id_at(instant timestamptz, "position" integer default 0)
returns uuid
language sql
volatile
parallel safe
as $$
  select (
    lpad(to_hex(micros / 1000), 12, '0')
    || '7' || lpad(to_hex(micros % 1000 * 4), 3, '0')
    || right(gen_random_uuid()::text, 17)
  )::uuid
  from (select (extract(epoch from instant) * 1000000)::bigint + "position" as micros) as t;
$$;
comment on function taskq_private.job_id_at(timestamptz, integer) is 'A new time-ordered id for a job made at this instant.';
