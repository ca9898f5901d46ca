-- Most calls of a worker that waits find nothing, so they lock and write nothing. A look that reads much says no, so that what comes
-- after it remembers where to begin; and while jobs come, this would only be one look more (note_found).
create or replace function taskq_private.is_idle(worker_id uuid)
returns boolean
language plpgsql
volatile
as $$
declare
  v_read bigint := pg_stat_get_xact_blocks_fetched('taskq_private.ready_jobs'::regclass);
begin
  return coalesce(current_setting('taskq.lane_floors', true), '') = '' and coalesce(current_setting('taskq.found', true), '') = '' and exists (
    select
    from taskq_private.workers as w
    where w.worker_id = is_idle.worker_id
      and w.status in ('active', 'draining')
      and not exists (select from taskq_private.unsettled_jobs)
      and not exists (select from taskq_private.workflows as g where g.cancelled_down_to is not null)
      and not exists (select from taskq_private.reservations as o where o.worker_id = is_idle.worker_id)
      and not exists (
        select from taskq_private.ready_jobs as r
        where r.lane_id = any (array(
          select l.lane_id
          from taskq_private.lanes as l
          join taskq_private.queues as q on q.queue = l.queue
          where l.type = any (w.types)
            and (w.queues is null or l.queue = any (w.queues))
            and q.paused_at is null
            and l.cpu_units <= w.cpu_units
            and l.memory_mb <= w.memory_mb
        ))
      )
  ) and pg_stat_get_xact_blocks_fetched('taskq_private.ready_jobs'::regclass) - v_read <= 16;
end;
$$;
comment on function taskq_private.is_idle(uuid) is 'Whether a live worker has nothing to claim, to settle or to cancel: it need not even be locked.';
