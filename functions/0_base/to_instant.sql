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
  if value ~ '^[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?Z$' then
    return value::timestamptz; -- every one of these is, so most need no subtransaction
  end if;
  begin
    return value::timestamptz;
  exception
    when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
      return null;
  end;
end;
$$;
comment on function taskq_private.to_instant(text) is 'The instant that an ISO 8601 text with a time zone names, or null.';
