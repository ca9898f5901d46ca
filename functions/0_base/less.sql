create or replace function taskq_private.less(amounts jsonb, needs jsonb[], times bigint[])
returns jsonb
language sql
immutable
as $$
  select coalesce(jsonb_object_agg(a.key, a.value::numeric - coalesce(taken.amount, 0)), '{}')
  from jsonb_each(amounts) as a
  cross join lateral (
    select sum((n.need ->> a.key)::numeric * n.times) as amount from unnest(needs, times) as n (need, times)
  ) as taken;
$$;
comment on function taskq_private.less(jsonb, jsonb[], bigint[]) is 'These amounts less what is needed, each need so many times.';
