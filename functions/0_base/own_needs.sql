create or replace function taskq_private.own_needs(lane taskq_private.lanes)
returns jsonb
language sql
stable
as $$
  select coalesce(jsonb_object_agg(n.key, n.value), '{}') from jsonb_each(taskq_private.lane_needs(lane)) as n where n.key not like 'pool:%';
$$;
comment on function taskq_private.own_needs(taskq_private.lanes) is 'What a job of this lane takes of its worker''s further resources.';
