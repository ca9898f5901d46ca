create or replace function taskq_private.check_requests(requests jsonb)
returns table (ordinal bigint, error jsonb)
language sql
stable
as $$
  select distinct on (b.ordinal) b.ordinal, taskq_private.invalid(b.field, b.message)
  from taskq_private.broken_fields(requests) as b
  order by b.ordinal, b.field;
$$;
comment on function taskq_private.check_requests(jsonb) is 'The requests of a list that break a rule of request_fields, with their first error.';
