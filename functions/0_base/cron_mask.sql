-- One of the five fields as a row of 0 and 1, the first of them for the lowest value: what comes next is then found by strpos(). A week
-- may end on a Sunday, so SUN is 7 at the end of a range, and 7 is 0 in the end.
-- Raises: TQ422, field cron.
create or replace function taskq_private.cron_mask(field text, given text, lowest integer, highest integer, names text[] default '{}')
returns text
language plpgsql
immutable
as $$
declare
  v_item text;
  v_parts text[];
  v_from integer;
  v_to integer;
  v_values integer[] := '{}';
begin
  foreach v_item in array string_to_array(upper(given), ',') loop
    v_parts := regexp_match(v_item, '^(?:(\*)|([0-9]{1,4}|[A-Z]{3})(?:-([0-9]{1,4}|[A-Z]{3}))?)(?:/([0-9]{1,4}))?$');
    v_from := case when v_parts[1] = '*' then lowest when v_parts[2] ~ '^\d' then v_parts[2]::integer else array_position(names, v_parts[2]) - 1 + lowest end;
    v_to := case
      when v_parts[1] = '*' then highest
      when v_parts[3] is null then v_from
      when v_parts[3] ~ '^\d' then v_parts[3]::integer
      when field = 'day of week' and v_parts[3] = 'SUN' then 7
      else array_position(names, v_parts[3]) - 1 + lowest
    end;
    if (
      v_from between lowest and highest and v_to between v_from and highest
      and (v_parts[4] is null or v_parts[4]::integer > 0 and (v_parts[1] = '*' or v_parts[3] is not null))
    ) is not true then
      perform taskq_private.raise_error(taskq_private.invalid(
        'cron', format('"%s" is no %s of a cron expression', left(v_item, 50), field), 'TQ422',
        format(
          'The %s takes %s to %s%s, a range such as %s-%s, a step such as */%s, or a list of those with commas.', field, lowest, highest,
          case when cardinality(names) > 0 then format(' or %s to %s', names[1], names[cardinality(names)])
            when field = 'day of month' then ' or L, the last day' else '' end,
          lowest, lowest + 3, 2
        )
      ));
    end if;
    v_values := v_values || array(select generate_series(v_from, v_to, coalesce(v_parts[4]::integer, 1)));
  end loop;
  if field = 'day of week' then
    v_values := array(select v % 7 from unnest(v_values) as v);
    highest := 6;
  end if;
  return (select string_agg(case when n = any (v_values) then '1' else '0' end, '' order by n) from generate_series(lowest, highest) as n);
end;
$$;
comment on function taskq_private.cron_mask(text, text, integer, integer, text[]) is 'A field of a cron expression as a row of 0 and 1.';
