-- Where a period begins or ends, as the bound of its partitions: jobs by id, whose first bits are the instant of the submit.
create or replace function taskq_private.history_bound(family text, instant timestamptz, if_infinite text default 'maxvalue')
returns text
language sql
stable
as $$
  select case
    when not isfinite(instant) then if_infinite
    when family = 'jobs' then quote_literal(taskq_private.job_id_floor(instant))
    else quote_literal(instant)
  end;
$$;
comment on function taskq_private.history_bound(text, timestamptz, text) is 'An instant as it is written in `for values from … to …`.';
