-- PostgreSQL 15 cannot ask whether a text is a valid instant without an exception. Only jobs with run_at come here.
create or replace function taskq_private.to_instant(value text)
returns timestamptz
language plpgsql
stable
strict
as $$
begin
  if value !~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|z|[+-]\d\d(:?\d\d)?)$' then
    return null;
  end if;
  return value::timestamptz;
exception
  when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
    return null;
end;
$$;
comment on function taskq_private.to_instant(text) is 'The instant that an ISO 8601 text with a time zone names, or null.';
