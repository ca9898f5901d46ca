-- For keys that are for some queues only. What another queue's job has left behind is its own: a job may not wait for one and so be given it.
create or replace function taskq_private.refuse_foreign(jobs taskq_private.submission[])
returns taskq_private.submission[]
language plpgsql
stable
as $$
declare
  v_jobs taskq_private.submission[] := jobs;
  v_job taskq_private.submission;
  v_found record;
begin
  for v_found in
    select j.ordinal, taskq_private.sees_queue(j.queue) as is_own, (
      select d.id
      from unnest(j.depends_on) as d (id)
      join taskq_private.job_specs as s on s.job_id = d.id
      join taskq_private.lanes as l on l.lane_id = s.lane_id
      where not taskq_private.sees_queue(l.queue)
      limit 1
    ) as foreign_id
    from unnest(jobs) as j
    where j.error is null
  loop
    v_job := v_jobs[v_found.ordinal];
    v_job.error := case
      when v_found.is_own is not true then taskq_private.invalid(
        'queue', format('this API key is not for queue "%s"', v_job.queue), '42501',
        format('It is for %s. Name one of these, or use a key for all queues.', array_to_string(taskq_private.queue_scope(), ', '))
      )
      when v_found.foreign_id is not null then
        taskq_private.invalid('depends_on', format('depends_on "%s" is no job', v_found.foreign_id), 'TQ423', 'It may have expired, or its id is mistyped.')
    end;
    v_jobs[v_found.ordinal] := v_job;
  end loop;
  return v_jobs;
end;
$$;
comment on function taskq_private.refuse_foreign(taskq_private.submission[]) is
  'An error for each submission to a queue that the caller''s key is not for, and for each that would wait for a job of one.';
