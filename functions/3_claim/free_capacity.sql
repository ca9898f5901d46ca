-- Derived from the claims under the worker's lock, never from a counter that could drift. Ids of claims only grow, and a worker's are
-- made one after the other: so what held when this session last looked, and what came after it, is all there can be (keep_held).
create or replace function taskq_private.free_capacity(worker taskq_private.workers, is_claim boolean default false)
returns taskq_private.capacity
language plpgsql
volatile
as $$
declare
  v_read bigint := pg_stat_get_xact_blocks_fetched('taskq_private.claims'::regclass);
  v_held jsonb := nullif(current_setting('taskq.held', true), '')::jsonb -> worker.worker_id::text;
  v_known bigint[] := '{}';
  v_after bigint := 0;
  v_free taskq_private.capacity;
begin
  if v_held is not null then
    v_known := (v_held ->> 'claim_ids')::bigint[];
    v_after := v_held ->> 'after';
  end if;
  select
    worker.cpu_units - coalesce(sum(l.cpu_units * held.jobs), 0),
    worker.memory_mb - coalesce(sum(l.memory_mb * held.jobs), 0),
    case
      when worker.resources = '{}' then '{}'
      when count(*) filter (where l.resources <> '{}') = 0 then worker.resources
      else taskq_private.less(worker.resources, array_agg(l.resources) filter (where l.resources <> '{}'), array_agg(held.jobs) filter (where l.resources <> '{}'))
    end
  into v_free
  from (
    select u.lane_id, count(*) as jobs
    from (
      select c.lane_ids from taskq_private.claims as c where c.worker_id = worker.worker_id and c.claim_id > v_after
      union all
      select c.lane_ids from taskq_private.claims as c where c.claim_id = any (v_known)
    ) as c
    cross join unnest(c.lane_ids) as u (lane_id)
    group by u.lane_id
  ) as held
  join taskq_private.lanes as l on l.lane_id = held.lane_id;
  if is_claim and pg_stat_get_xact_blocks_fetched('taskq_private.claims'::regclass) - v_read > 16 + cardinality(v_known) then
    perform taskq_private.keep_held(worker.worker_id, v_known, v_after);
  end if;
  return v_free;
end;
$$;
comment on function taskq_private.free_capacity(taskq_private.workers, boolean) is 'What the worker has left of its cpu, its memory and its further resources.';
