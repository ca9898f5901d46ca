-- PostgreSQL takes "Nowhere5" for a zone too (POSIX), and PST for a fixed offset. What has a slash and no digit can only be a zone's
-- name; the list of all names, which takes 30 ms, is only asked about others. An exception is the one way to ask for a single name.
create or replace function taskq_private.time_zone_error(time_zone text)
returns jsonb
language plpgsql
stable
as $$
begin
  if time_zone ~ '^[A-Za-z_]+(/[A-Za-z_-]+)+$' then
    begin
      perform taskq_private.clock() at time zone time_zone;
      return null;
    exception
      when invalid_parameter_value then null;
    end;
  elsif time_zone = 'UTC' or exists (select from pg_timezone_names as z where z.name = time_zone) then
    return null;
  end if;
  return taskq_private.invalid('time_zone', format('no time zone "%s"', left(time_zone, 100)), 'TQ422', 'Give a name such as Europe/Berlin: select name from pg_timezone_names.');
end;
$$;
comment on function taskq_private.time_zone_error(text) is 'What is wrong with the name of a time zone, as an error value; null for a good one.';
