-- A lane that showed nothing has nothing up to the moment of the look, but for what has not committed yet.
create or replace function taskq_private.keep_lane_floors(
  worker taskq_private.workers, old jsonb, began_at timestamptz, fronts taskq_private.front[]
)
returns void
language plpgsql
volatile
as $$
begin
  perform taskq_private.keep_floor('taskq.lane_floors', old, began_at, jsonb_build_object('lanes', coalesce(old -> 'lanes', '{}') || (
    select jsonb_object_agg(l.lane_id, extract(epoch from least(f.ready_at, began_at) - interval '100 milliseconds'))
    from taskq_private.lanes as l
    left join unnest(fronts) as f on f.lane_id = l.lane_id
    join taskq_private.queues as q on q.queue = l.queue
    where l.type = any (worker.types)
      and (worker.queues is null or l.queue = any (worker.queues))
      and q.paused_at is null
      and l.cpu_units <= worker.cpu_units
      and l.memory_mb <= worker.memory_mb
  )));
end;
$$;
comment on function taskq_private.keep_lane_floors(taskq_private.workers, jsonb, timestamptz, taskq_private.front[]) is
  'Remembers where the lanes of this worker begin, so that this session''s next looks need not walk over what lies before.';
