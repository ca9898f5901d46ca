create or replace function taskq_private.lacking(amounts jsonb, needs jsonb)
returns jsonb
language sql
stable
as $$
  select coalesce(jsonb_object_agg(n.key, n.value), '{}')
  from jsonb_each(needs) as n
  left join taskq_private.resource_pools as p on 'pool:' || p.pool = n.key
  where coalesce((amounts ->> n.key)::numeric, 0) < n.value::numeric and (p.pool is null or p.capacity >= n.value::numeric);
$$;
comment on function taskq_private.lacking(jsonb, jsonb) is 'Of what is needed, that of which there is too little now, but may be enough later.';
