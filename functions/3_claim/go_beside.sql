-- EASY backfill: a job may go first that will have ended before the large job can start, or that fits beside it.
create or replace function taskq_private.go_beside(
  shadow taskq_private.shadow, job_id uuid, cpu_units numeric, memory_mb numeric, needs jsonb
)
returns taskq_private.shadow
language plpgsql
volatile
as $$
declare
  v_shadow taskq_private.shadow := shadow;
begin
  v_shadow.is_refused := false;
  if taskq_private.clock() + taskq_private.expected_seconds(job_id) * interval '1 second' <= shadow.until then
    return v_shadow;
  end if;
  if cpu_units <= shadow.cpu_units and memory_mb <= shadow.memory_mb and taskq_private.covers(shadow.others, coalesce(needs, '{}')) then
    v_shadow.cpu_units := shadow.cpu_units - cpu_units;
    v_shadow.memory_mb := shadow.memory_mb - memory_mb;
    v_shadow.others := taskq_private.less(shadow.others, array[coalesce(needs, '{}')], array[1]);
    return v_shadow;
  end if;
  v_shadow.is_refused := true;
  return v_shadow;
end;
$$;
comment on function taskq_private.go_beside(taskq_private.shadow, uuid, numeric, numeric, jsonb) is
  'Whether a job may run on a worker that is kept free for a larger one; answers what is then left beside that one.';
