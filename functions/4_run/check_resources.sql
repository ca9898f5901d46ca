create or replace function taskq_private.check_resources(resources jsonb)
returns void
language plpgsql
immutable
as $$
declare
  v_bad text;
begin
  if jsonb_typeof(resources) <> 'object' then
    perform taskq_private.raise_error(taskq_private.invalid('resources', 'resources must be an object of names and amounts', 'TQ422', 'For example {"gpu": 2}.'));
  end if;
  select r.key into v_bad
  from jsonb_each(resources) as r
  where r.key !~ '^[A-Za-z0-9_.-]{1,100}$' or r.key in ('cpu_units', 'memory_mb') or jsonb_typeof(r.value) <> 'number'
    or case when jsonb_typeof(r.value) = 'number' then r.value::numeric not between 0 and 999999999 end
  limit 1;
  if v_bad is not null then
    perform taskq_private.raise_error(taskq_private.invalid('resources.' || v_bad, format('resources.%s must be a number from 0 to 999999999 under a name of A-Z a-z 0-9 _ . -', v_bad)));
  end if;
end;
$$;
comment on function taskq_private.check_resources(jsonb) is 'Raises TQ422 for what cannot be the further resources of a worker or a type.';
