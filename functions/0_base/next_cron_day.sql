-- Month by month, and only through months that are asked for. A 29 February on a given day of the week can be 40 years away, so 48 years
-- are looked through; what is not found then never comes.
create or replace function taskq_private.next_cron_day(masks text[], from_day date)
returns date
language plpgsql
immutable
as $$
declare
  v_first date := date_trunc('month', from_day::timestamp); -- of the month that is looked through
  v_end date := v_first + 48 * 366;
  v_is_either boolean := masks[6] like '%e%';
  v_day integer := from_day - v_first + 1;
  v_length integer;
  v_weekday integer; -- of the first
  v_months integer;
  v_is_day boolean;
  v_is_weekday boolean;
begin
  while v_first < v_end loop
    v_months := strpos(substr(masks[4] || masks[4], extract(month from v_first)::integer), '1') - 1;
    if v_months > 0 then
      v_first := v_first + make_interval(months => v_months);
      v_day := 1;
    end if;
    v_length := (v_first + interval '1 month')::date - v_first;
    v_weekday := extract(dow from v_first);
    for v_n in v_day .. v_length loop
      v_is_day := substr(masks[3], v_n, 1) = '1' or v_n = v_length and substr(masks[3], 32) = '1';
      v_is_weekday := substr(masks[5], (v_weekday + v_n - 1) % 7 + 1, 1) = '1';
      if v_is_day and v_is_weekday or v_is_either and (v_is_day or v_is_weekday) then
        return v_first + v_n - 1;
      end if;
    end loop;
    v_first := v_first + interval '1 month';
    v_day := 1;
  end loop;
  return null;
end;
$$;
comment on function taskq_private.next_cron_day(text[], date) is 'The first day from this one on that a cron expression asks for; null if none ever comes.';
