create or replace function taskq.list_running(max_rows integer default 1000)
returns table (
  job_id uuid, name text, type text, queue text, priority smallint, worker text, worker_id uuid, cpu_units numeric, memory_mb integer, resources jsonb,
  running_seconds numeric, expected_seconds numeric, timeout_seconds integer, attempt smallint, max_attempts smallint, progress_percent real, is_stopping boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
begin
  return query
    with heaviest as materialized (
      select u.job_id, u.attempt, c.worker_id, c.claimed_at, l
      from taskq_private.claims as c
      cross join unnest(c.job_ids, c.lane_ids, c.attempts) as u (job_id, lane_id, attempt)
      join taskq_private.lanes as l on l.lane_id = u.lane_id and taskq_private.sees_queue(l.queue)
      order by l.cpu_units desc, l.memory_mb desc, c.claimed_at, u.job_id
      limit greatest(list_running.max_rows, 0)
    )
    select h.job_id, s.name, (h.l).type, (h.l).queue, (h.l).priority, w.name, h.worker_id, trim_scale((h.l).cpu_units), (h.l).memory_mb, (h.l).resources,
      round(extract(epoch from v_now - h.claimed_at), 1), round(coalesce(s.expected_seconds, t.p95_seconds, s.timeout_seconds)::numeric, 1),
      s.timeout_seconds, h.attempt, s.max_attempts, p.percent, r.job_id is not null
    from heaviest as h
    join taskq_private.job_specs as s on s.job_id = h.job_id
    join taskq_private.task_types as t on t.type = (h.l).type
    join taskq_private.workers as w on w.worker_id = h.worker_id
    left join taskq_private.job_progress as p on p.job_id = h.job_id
    left join taskq_private.cancel_requests as r on r.job_id = h.job_id
    order by (h.l).cpu_units desc, (h.l).memory_mb desc, h.claimed_at, h.job_id;
end;
$$;
comment on function taskq.list_running(integer) is
  'What runs now, at most max_rows, heaviest first: most cpu, then most memory, then longest. expected_seconds is what the job says, else how long recent jobs of its type took (95 of 100), else its timeout. The view taskq.top shows the first 1000. Example: select type, worker, cpu_units, running_seconds from taskq.list_running(10).';
