-- What waits for a worker's cpu, memory or resources may fit once these have ended; what waits for pools is told by a hint.
create or replace function taskq_private.may_make_room(outcomes jsonb)
returns boolean
language sql
stable
as $$
  select exists (
    select
    from taskq_private.claims as c
    cross join unnest(c.lane_ids) as u (lane_id)
    join taskq_private.lanes as l on l.lane_id = u.lane_id
    where c.claim_id = any (array(select distinct (o.value ->> 'claim_id')::bigint from jsonb_array_elements(outcomes) as o))
      and (l.cpu_units > 0 or l.memory_mb > 0 or l.resources <> '{}')
  );
$$;
comment on function taskq_private.may_make_room(jsonb) is 'Whether jobs that are about to end hold what another may wait for.';
