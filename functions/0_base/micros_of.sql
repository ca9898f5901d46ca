create or replace function taskq_private.micros_of(instant timestamptz)
returns bigint
language sql
stable
parallel safe
as $$
  select round(date_part('epoch', instant) * 1000000)::bigint;
$$;
comment on function taskq_private.micros_of(timestamptz) is 'Microseconds since 1970.';
