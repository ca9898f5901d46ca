create or replace function taskq_private.zone_offset(time_zone text, at timestamptz)
returns interval
language sql
stable
as $$
  select (at at time zone time_zone) - (at at time zone 'UTC');
$$;
comment on function taskq_private.zone_offset(text, timestamptz) is 'How far the clocks of a time zone are ahead of UTC at an instant.';
