create or replace function taskq_private.priority_of(priority text)
returns smallint
language sql
immutable
parallel safe
as $$
  select case lower(priority)
    when 'critical' then 1
    when 'high' then 2
    when 'normal' then 3
    when 'low' then 4
    else case when priority ~ '^([1-9]|10)$' then priority::smallint end
  end;
$$;
comment on function taskq_private.priority_of(text) is 'The number of a priority given as a level or as 1 to 10; null for anything else.';
