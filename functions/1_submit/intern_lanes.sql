-- Makes the queues and lanes that these jobs are the first of. Runs only for a new shape.
create or replace function taskq_private.intern_lanes(jobs taskq_private.submission[], submitted_at timestamptz)
returns taskq_private.submission[]
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_job taskq_private.submission;
  v_jobs taskq_private.submission[] := jobs;
begin
  insert into taskq_private.queues (queue, created_at)
  select distinct j.queue, submitted_at from unnest(jobs) as j where j.lane_id is null and j.error is null
  order by 1
  on conflict do nothing;

  insert into taskq_private.lanes (queue, type, priority, cpu_units, memory_mb, resources)
  select distinct j.queue, j.type, j.priority, j.cpu_units, j.memory_mb, j.resources
  from unnest(jobs) as j
  where j.lane_id is null and j.error is null
  order by 1, 2, 3, 4, 5, 6
  on conflict do nothing;

  for v_i in 1 .. cardinality(v_jobs) loop
    v_job := v_jobs[v_i];
    if v_job.lane_id is null and v_job.error is null then
      select l.lane_id into strict v_job.lane_id
      from taskq_private.lanes as l
      where l.queue = v_job.queue and l.type = v_job.type and l.priority = v_job.priority
        and l.cpu_units = v_job.cpu_units and l.memory_mb = v_job.memory_mb and l.resources = v_job.resources;
      v_jobs[v_i] := v_job;
    end if;
  end loop;
  return v_jobs;
end;
$$;
comment on function taskq_private.intern_lanes(taskq_private.submission[], timestamptz) is 'Gives each submission its lane, making those that are new.';
