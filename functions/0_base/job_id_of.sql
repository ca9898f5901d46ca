-- A uuid v7: 48 bits of milliseconds, the version, 12 bits of the microseconds within, 62 random bits. The instant can be read
-- back, so a range of created_at is a range of ids. One expression, so that it is inlined where it is called.
create or replace function taskq_private.job_id_of(micros bigint)
returns uuid
language sql
volatile
parallel safe
as $$
  select encode(
    int8send(((micros / 1000) << 16) | 28672 | (micros % 1000 * 4)) || substring(uuid_send(gen_random_uuid()) from 9), 'hex'
  )::uuid;
$$;
comment on function taskq_private.job_id_of(bigint) is 'A new job id that sorts by this number of microseconds since 1970.';
