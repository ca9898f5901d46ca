-- Which lanes to take from, once for each job. In words: the rows at the heads of the lanes come in effective order (lane_heads),
-- level by level where priority is strict; a few of each lane, and more once those of one are used up. In that order they are taken
-- while the running sum fits; one that does not fit is passed over, unless it has waited for reserve_after_seconds: then what comes
-- after it waits too (or, where a pool has too little for it, what takes from that pool). A worker that is kept free for a large job
-- takes only what will not delay that job (go_beside), wherever in its lane it is: then the answer names the jobs.
create or replace function taskq_private.choose_lanes(
  fronts taskq_private.front[], free taskq_private.capacity, beside taskq_private.shadow, levels smallint[], max_jobs integer,
  stop_before timestamptz, depth integer, out lane_ids integer[], out handicaps interval[], out ready_ats timestamptz[], out job_ids uuid[]
)
language plpgsql
volatile
as $$
declare
  v_free taskq_private.capacity := free;
  v_room taskq_private.capacity;
  v_beside taskq_private.shadow := beside;
  v_head record;
  v_level smallint;
  v_depth integer;
  v_seen integer;
  v_is_cut boolean;
  v_now timestamptz := taskq_private.clock();
  v_old timestamptz := v_now - (select s.reserve_after_seconds * interval '1 second' from taskq_private.settings as s);
begin
  <<by_level>>
  foreach v_level in array levels loop
    v_room := v_free;
    v_depth := coalesce(depth, 2 + 2 * max_jobs * cardinality(levels) / cardinality(fronts));
    v_seen := 0;
    loop
      v_is_cut := false;
      for v_head in
        select h.* from taskq_private.lane_heads(fronts, v_room, case when depth is null then max_jobs end, v_level, v_depth, v_old) as h
        where beside.until is null
          or h.cpu_units <= beside.cpu_units and h.memory_mb <= beside.memory_mb
          or v_now + taskq_private.expected_seconds(h.job_id) * interval '1 second' <= beside.until
        offset v_seen
      loop
        exit when v_is_cut;
        exit by_level when v_head.ready_at + v_head.handicap >= stop_before;
        v_is_cut := v_head.is_cut and depth is null;
        v_seen := v_seen + 1;
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
        ready_ats := ready_ats || v_head.ready_at;
        exit by_level when cardinality(lane_ids) = max_jobs;
      end loop;
      exit when not v_is_cut;
      v_depth := 4 * v_depth;
    end loop;
  end loop;
end;
$$;
comment on function taskq_private.choose_lanes(taskq_private.front[], taskq_private.capacity, taskq_private.shadow, smallint[], integer, timestamptz, integer) is
  'The lane of each job to take, so that together they fit what is free; what to add to its ready_at for the effective order; and, where not the first of a lane are meant, which jobs.';
