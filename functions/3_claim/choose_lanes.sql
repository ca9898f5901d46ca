-- Which lanes to take how many jobs from. In words:
-- The rows at the heads of the lanes that count come in effective order (lane_heads), level by level where priority is strict.
-- In that order they are taken while the running sum fits; one that does not fit is passed over, unless it has waited for
-- reserve_after_seconds: then what comes after it waits too (or, where a pool has too little for it, what takes from that pool).
-- A worker that is kept free for a large job takes only what will not delay that job (go_beside), wherever in its lane it is:
-- then the answer names the jobs.
create or replace function taskq_private.choose_lanes(
  worker taskq_private.workers, free taskq_private.capacity, beside taskq_private.shadow, levels smallint[], max_jobs integer,
  stop_before timestamptz, depth integer, out lane_ids integer[], out job_counts integer[], out handicaps interval[], out job_ids uuid[]
)
language plpgsql
volatile
as $$
declare
  v_free taskq_private.capacity := free;
  v_beside taskq_private.shadow := beside;
  v_head record;
  v_level smallint;
  v_taken integer := 0;
  v_now timestamptz := taskq_private.clock();
  v_old timestamptz := v_now - (select s.reserve_after_seconds * interval '1 second' from taskq_private.settings as s);
begin
  <<by_level>>
  foreach v_level in array levels loop
    for v_head in
      select h.*
      from taskq_private.lane_heads(worker, v_free, max_jobs - v_taken, v_level, depth, v_old) as h
      where beside.until is null
        or h.cpu_units <= beside.cpu_units and h.memory_mb <= beside.memory_mb
        or v_now + taskq_private.expected_seconds(h.job_id) * interval '1 second' <= beside.until
    loop
      exit by_level when v_head.ready_at + v_head.handicap >= stop_before;
      if v_head.cpu_units > v_free.cpu_units or v_head.memory_mb > v_free.memory_mb then
        exit by_level when beside.until is null and v_head.ready_at <= v_old;
        continue;
      end if;
      if v_head.needs is not null and not taskq_private.covers(v_free.others, v_head.needs) then
        continue when v_head.ready_at > v_old;
        v_free.others := taskq_private.less(v_free.others, array[taskq_private.lacking(v_free.others, v_head.needs)], array[1]);
        continue;
      end if;
      if v_beside.until is not null then
        v_beside := taskq_private.go_beside(v_beside, v_head.job_id, v_head.cpu_units, v_head.memory_mb, v_head.needs);
        continue when v_beside.is_refused;
        job_ids := job_ids || v_head.job_id;
      end if;
      if v_head.needs is not null then
        v_free.others := taskq_private.less(v_free.others, array[v_head.needs], array[1]);
      end if;
      v_free.cpu_units := v_free.cpu_units - v_head.cpu_units;
      v_free.memory_mb := v_free.memory_mb - v_head.memory_mb;
      lane_ids := lane_ids || v_head.lane_id;
      handicaps := handicaps || v_head.handicap;
      v_taken := v_taken + 1;
      exit by_level when v_taken = max_jobs;
    end loop;
  end loop;

  select array_agg(t.lane_id), array_agg(t.jobs), array_agg(t.handicap)
  into lane_ids, job_counts, handicaps
  from (
    select u.lane_id, count(*)::integer as jobs, min(u.handicap) as handicap
    from unnest(lane_ids, handicaps) as u (lane_id, handicap)
    group by u.lane_id
    order by min(u.handicap)
  ) as t;
end;
$$;
comment on function taskq_private.choose_lanes(taskq_private.workers, taskq_private.capacity, taskq_private.shadow, smallint[], integer, timestamptz, integer) is
  'The lanes to take jobs from and how many from each, so that together they fit what is free; what to add to ready_at for the effective order, and, where not the first of a lane are meant, which jobs.';
