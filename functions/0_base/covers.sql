create or replace function taskq_private.covers(amounts jsonb, needs jsonb)
returns boolean
language sql
immutable
as $$
  select coalesce(bool_and(coalesce((amounts ->> n.key)::numeric, 0) >= n.value::numeric), true) from jsonb_each(needs) as n;
$$;
comment on function taskq_private.covers(jsonb, jsonb) is 'Whether there is enough of everything that is needed.';
