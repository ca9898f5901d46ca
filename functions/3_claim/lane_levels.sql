-- One look at the lanes: each that has a ready job, and could be run by this worker when it has nothing else, shows where its
-- first row is (fronts); nothing later looks at other lanes, or before that row. Where no queue ages, a level of priority is done
-- with before the next is looked at: most claims are full after the first. A session that claims has floors (keep_floor): while an
-- old snapshot is held somewhere, taken rows cannot be removed, and a look that has to walk over many is not repeated. What
-- commits more than a tenth of a second behind a floor is found by the next full look, at the latest 20 times its length later.
create or replace function taskq_private.lane_levels(
  worker taskq_private.workers, free taskq_private.capacity, is_claim boolean default false,
  out levels smallint[], out has_large boolean, out has_needs boolean, out fitting bigint, out fronts taskq_private.front[]
)
language plpgsql
volatile
as $$
declare
  v_began timestamptz := taskq_private.clock();
  v_read bigint := pg_stat_get_xact_blocks_fetched('taskq_private.ready_jobs'::regclass);
  v_floor jsonb := case when is_claim then taskq_private.session_floor('taskq.lane_floors') end;
  v_floors jsonb := v_floor -> 'lanes';
begin
  select
    case
      when count(*) filter (where fit.is_now) = 0 then '{}'
      when count(*) filter (where fit.is_now) <= 8 or bool_or(q.aging_seconds is not null) then '{0}'
      else array_agg(distinct l.priority order by l.priority) filter (where fit.is_now)
    end,
    coalesce(bool_or(not fit.is_now or l.resources <> '{}'), false),
    coalesce(bool_or(needs.needs is not null), false),
    count(*) filter (where fit.is_now),
    array_agg(row(
      l.lane_id, l.priority, l.cpu_units, l.memory_mb, needs.needs,
      (l.priority - 1) * (coalesce(q.aging_seconds, 946080000) * interval '1 second'), head.ready_at
    )::taskq_private.front)
  into levels, has_large, has_needs, fitting, fronts
  from taskq_private.lanes as l
  join taskq_private.queues as q on q.queue = l.queue
  cross join lateral (
    select r.ready_at
    from taskq_private.ready_jobs as r
    where r.lane_id = l.lane_id and r.ready_at >= coalesce(to_timestamp((v_floors ->> l.lane_id::text)::float8), '-infinity') and r.ready_at < 'infinity'
    order by r.ready_at, r.job_id
    limit 1
  ) as head
  cross join lateral (select l.cpu_units <= free.cpu_units and l.memory_mb <= free.memory_mb) as fit (is_now)
  cross join lateral (select case when (select exists (select from taskq_private.resource_pools as p where p.queue is not null or p.type is not null)) or l.resources <> '{}' then taskq_private.lane_needs(l) end) as needs (needs)
  where l.type = any (worker.types)
    and (worker.queues is null or l.queue = any (worker.queues))
    and q.paused_at is null
    and l.cpu_units <= worker.cpu_units
    and l.memory_mb <= worker.memory_mb;

  if is_claim and pg_stat_get_xact_blocks_fetched('taskq_private.ready_jobs'::regclass) - v_read > 16 + 4 * coalesce(cardinality(fronts), 0) then
    perform taskq_private.keep_lane_floors(worker, v_floor, v_began, fronts);
  elsif is_claim and v_floor is null and current_setting('taskq.lane_floors', true) <> '' then
    perform set_config('taskq.lane_floors', '', false);
  end if;
end;
$$;
comment on function taskq_private.lane_levels(taskq_private.workers, taskq_private.capacity, boolean) is
  'The levels of priority to look at one after the other (0 for all at once), whether a job may be too large for what is free now, whether one takes of more than cpu and memory, how many lanes are not too large, and where each lane that has work begins.';
