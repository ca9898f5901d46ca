-- The one source of time. Tests replace this function to move it.
create or replace function taskq_private.clock()
returns timestamptz
language sql
volatile
parallel safe
as $$
  select clock_timestamp();
$$;
comment on function taskq_private.clock() is 'The current instant, by the database''s clock.';
