-- The smallest id that job_id_at() can make at this instant: turns a range of created_at into a range of ids. No id is
-- older than 1970 or younger than the year 9999.
create or replace function taskq_private.job_id_floor(instant timestamptz)
returns uuid
language sql
immutable
strict
parallel safe
as $$
  select (
    lpad(to_hex(micros / 1000), 12, '0') || '7' || lpad(to_hex(micros % 1000 * 4), 3, '0') || '8000000000000000'
  )::uuid
  from (select (least(greatest(extract(epoch from instant), 0), 253402300799) * 1000000)::bigint as micros) as t;
$$;
comment on function taskq_private.job_id_floor(timestamptz) is 'The smallest job id of this instant.';
