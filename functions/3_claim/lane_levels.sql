-- One look at the lanes before their heads. Where no queue ages, a level of priority is done with before the next is looked at:
-- most claims are full after the first. Lanes too large for what is free, but not for the worker, may need it kept free.
create or replace function taskq_private.lane_levels(
  worker taskq_private.workers, free taskq_private.capacity, out levels smallint[], out has_large boolean, out fitting bigint
)
language sql
stable
as $$
  select
    case
      when count(*) filter (where fit.is_now) = 0 then '{}'
      when count(*) filter (where fit.is_now) <= 8 or bool_or(q.aging_seconds is not null) then '{0}'
      else array_agg(distinct l.priority order by l.priority) filter (where fit.is_now)
    end,
    coalesce(bool_or(not fit.is_now or l.resources <> '{}'), false),
    count(*) filter (where fit.is_now)
  from taskq_private.lanes as l
  join taskq_private.queues as q on q.queue = l.queue
  cross join lateral (select l.cpu_units <= free.cpu_units and l.memory_mb <= free.memory_mb) as fit (is_now)
  where l.type = any (worker.types)
    and (worker.queues is null or l.queue = any (worker.queues))
    and q.paused_at is null
    and l.cpu_units <= worker.cpu_units
    and l.memory_mb <= worker.memory_mb;
$$;
comment on function taskq_private.lane_levels(taskq_private.workers, taskq_private.capacity) is
  'The levels of priority to look at one after the other (0 for all at once), whether a job may be too large for what is free now, and how many lanes are not.';
