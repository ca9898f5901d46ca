-- Counts what each job still waits for. Its parents stand still meanwhile: a parent that ends after this commits sees the
-- edge, one that ended before is seen here.
create or replace function taskq_private.resolve_dependencies(jobs taskq_private.submission[])
returns taskq_private.submission[]
language plpgsql
volatile
as $$
declare
  v_job taskq_private.submission;
  v_jobs taskq_private.submission[] := jobs;
  v_unknown uuid;
begin
  perform taskq_private.lock_parents(array(
    select distinct d.id
    from unnest(jobs) as j cross join unnest(j.depends_on) as d (id)
    where j.error is null and j.repeated is not true
  ));

  for v_job in
    select *
    from unnest(jobs) as j
    where j.depends_on is not null
      and j.error is null
      -- a repeat of a submission of this same list shares its fate
      and (j.repeated is not true or j.job_id in (select first.job_id from unnest(jobs) as first where first.repeated is not true))
  loop
    select (array_agg(d.id) filter (where s.job_id is null))[1], count(*) filter (where f.status is distinct from 'completed'),
      (array_agg(d.id) filter (where f.status in ('failed', 'cancelled')))[1]
    into v_unknown, v_job.remaining_dependencies, v_job.doomed_by
    from unnest(v_job.depends_on) as d (id)
    left join taskq_private.job_specs as s on s.job_id = d.id
    left join taskq_private.finished_jobs as f on f.job_id = d.id;

    if v_unknown is not null then
      v_job.error := taskq_private.invalid('depends_on', format('depends_on "%s" is no job', v_unknown), 'TQ423', 'It may have expired, or its id is mistyped.');
      delete from taskq_private.idempotency_keys as k where k.idempotency_key = v_job.idempotency_key and k.job_id = v_job.job_id;
    end if;
    v_jobs[v_job.ordinal] := v_job;
  end loop;
  return v_jobs;
end;
$$;
comment on function taskq_private.resolve_dependencies(taskq_private.submission[]) is
  'Finds out how many parents each submission still waits for, and whether one of them can never be waited for.';
