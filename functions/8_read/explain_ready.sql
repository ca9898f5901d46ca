-- Asks the claim: is the job in what a worker would take if it called now?
create or replace function taskq_private.explain_ready(lane taskq_private.lanes, ready_at timestamptz, job_id uuid)
returns table (code text, message text, details jsonb)
language plpgsql
stable
as $$
#variable_conflict use_column
declare
  v_takers uuid[];
  v_place bigint;
  v_reserved_id uuid := (select r.worker_id from taskq_private.reservations as r where r.job_id = explain_ready.job_id);
begin
  v_takers := array(
    select w.worker_id
    from (
      select w as worker, w.worker_id from taskq_private.workers as w
      where w.status = 'active' and lane.type = any (w.types) and (w.queues is null or lane.queue = any (w.queues))
      order by w.worker_number limit 100
    ) as w
    where exists (select from taskq_private.preview_claim(w.worker) as p where p.job_id = explain_ready.job_id)
  );
  if cardinality(v_takers) > 0 then
    return query select 'runnable', 'The next claim takes it.', jsonb_build_object('worker_ids', v_takers);
    return;
  end if;

  select count(*) + 1 into v_place
  from (
    select from taskq_private.ready_jobs as r
    where r.lane_id = lane.lane_id and (r.ready_at, r.job_id) < (explain_ready.ready_at, explain_ready.job_id)
    limit 10000
  ) as before;
  return query
    select 'waiting_for_capacity',
      case when explain_ready.ready_at = 'infinity' then 'Two workers died while they ran it: it waits for one that can run it alone.'
        when v_reserved_id is null then format('Workers are full, or others come first: it is number %s of its kind.', v_place)
        else 'A worker is being kept free for it.' end,
      jsonb_strip_nulls(jsonb_build_object('place_in_line', v_place, 'runs_alone', nullif(explain_ready.ready_at = 'infinity', false), 'reserved_worker_id', v_reserved_id));
end;
$$;
comment on function taskq_private.explain_ready(taskq_private.lanes, timestamptz, uuid) is 'Whether a claim would take this ready job now, and its place in line if not.';
