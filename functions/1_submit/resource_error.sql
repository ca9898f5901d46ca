-- A misspelt name would make a job wait for ever, so only names are accepted that a pool or a worker has.
create or replace function taskq_private.resource_error(name text, amount jsonb)
returns text
language sql
stable
as $$
  select case
    when amount = 'null' then null
    when jsonb_typeof(amount) <> 'number' then format('resource_requirements.%s must be a number from 0 to 999999999', name)
    when amount::numeric not between 0 and 999999999 then format('resource_requirements.%s must be a number from 0 to 999999999', name)
    when not exists (select from taskq_private.resource_pools as p where p.pool = resource_error.name)
      and not exists (select from taskq_private.workers as w where w.resources ? resource_error.name)
      then format('resource_requirements.%s is no resource that a worker or a pool has', name)
  end;
$$;
comment on function taskq_private.resource_error(text, jsonb) is 'What is wrong with an amount of a further resource that a job asks for; null for a good one.';
