-- Counts what each job still waits for. Parents from before this call stand still meanwhile: one that ends after this commits
-- sees the edge, one that ended before is seen here. Parents of this call (jobs of a graph) have not started. Each parent is
-- looked up by itself (offset 0): a join that was planned while the tables were small would read all of them.
create or replace function taskq_private.resolve_dependencies(jobs taskq_private.submission[], is_graph boolean)
returns taskq_private.submission[]
language plpgsql
volatile
as $$
declare
  v_jobs taskq_private.submission[] := jobs;
  v_own jsonb := '{}';
  v_parent_ids uuid[];
  v_job taskq_private.submission;
  v_found record;
begin
  if is_graph then
    v_own := (select jsonb_object_agg(j.job_id, true) from unnest(jobs) as j where j.repeated is not true);
  end if;
  v_parent_ids := array(
    select distinct d.id from unnest(jobs) as j cross join unnest(j.depends_on) as d (id) where j.error is null and not v_own ? d.id::text
  );
  if cardinality(v_parent_ids) = 0 then
    return jobs;
  end if;
  perform taskq_private.lock_parents(v_parent_ids);

  for v_found in
    select j.ordinal, (array_agg(d.id) filter (where s.job_id is null))[1] as unknown,
      count(*) filter (where taskq_private.satisfies(f.status, d.condition)) as satisfied_count,
      (array_agg(d.id) filter (
        where not taskq_private.satisfies(f.status, d.condition) and (j.on_dependency_failure = 'cancel' or f.status = 'completed')
      ))[1] as doomed_by
    from unnest(jobs) as j
    cross join unnest(j.depends_on, j.conditions) as d (id, condition)
    left join lateral (select s.job_id from taskq_private.job_specs as s where s.job_id = d.id offset 0) as s on true
    left join lateral (select f.status from taskq_private.finished_jobs as f where f.job_id = d.id offset 0) as f on true
    where j.error is null and not v_own ? d.id::text
    group by j.ordinal
  loop
    v_job := v_jobs[v_found.ordinal];
    v_job.remaining_dependencies := v_job.remaining_dependencies - v_found.satisfied_count;
    v_job.doomed_by := v_found.doomed_by;
    if v_found.unknown is not null then
      v_job.error := taskq_private.invalid('depends_on', format('depends_on "%s" is no job', v_found.unknown), 'TQ423', 'It may have expired, or its id is mistyped.');
    end if;
    v_jobs[v_found.ordinal] := v_job;
  end loop;
  return v_jobs;
end;
$$;
comment on function taskq_private.resolve_dependencies(taskq_private.submission[], boolean) is
  'Finds out how many parents each submission still waits for, and whether one of them can never be waited for.';
