-- What each job depends on, as ids. In a graph a job may be named that is submitted in the same call; everywhere else, and
-- for names that the graph does not have, it is an id. Maps are jsonb objects: a look-up costs log n whatever the planner thinks.
create or replace function taskq_private.read_dependencies(jobs taskq_private.submission[], requests jsonb, is_graph boolean)
returns taskq_private.submission[]
language plpgsql
volatile
as $$
declare
  v_jobs taskq_private.submission[] := jobs;
  v_ids jsonb := '{}';
  v_settled jsonb := (select coalesce(jsonb_object_agg(j.ordinal, true), '{}') from unnest(jobs) as j where j.error is not null or j.repeated);
  v_job taskq_private.submission;
  v_found record;
begin
  if is_graph then
    v_ids := (select coalesce(jsonb_object_agg(j.name, j.job_id) filter (where j.name is not null), '{}') from unnest(jobs) as j);
  end if;
  for v_found in
    with edge as (
      select distinct q.ordinality as ordinal, i.id, coalesce(d.value ->> 'condition', 'success')::taskq.dependency_condition as condition,
        case when i.id is null then r.ref end as unknown
      from jsonb_array_elements(requests) with ordinality as q (value, ordinality)
      cross join lateral jsonb_array_elements(case when jsonb_typeof(q.value -> 'depends_on') = 'array' then q.value -> 'depends_on' end) as d
      cross join lateral (select coalesce(d.value ->> 'job', d.value #>> '{}')) as r (ref)
      cross join lateral (
        select coalesce(v_ids ->> r.ref, case when r.ref ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then r.ref end)::uuid
      ) as i (id)
      where not v_settled ? q.ordinality::text
    )
    select e.ordinal, array_agg(e.id) as ids, array_agg(e.condition) as conditions, min(e.unknown) as unknown,
      count(distinct e.id) < count(e.id) as is_twice
    from edge as e
    group by e.ordinal
  loop
    v_job := v_jobs[v_found.ordinal];
    v_job.depends_on := v_found.ids;
    v_job.conditions := v_found.conditions;
    v_job.remaining_dependencies := cardinality(v_found.ids);
    v_job.error := case
      when v_found.unknown is not null then
        taskq_private.invalid(
          'depends_on',
          format(case when is_graph then 'depends_on "%s" is neither a name in this call nor a job id' else 'depends_on "%s" is not a job id' end, left(v_found.unknown, 200)),
          'TQ423', case when is_graph then 'Give the name of a job of this call, or an id that submitting answered.' else 'Give the ids that submitting answered.' end
        )
      when v_found.is_twice then taskq_private.invalid('depends_on', 'depends_on names one job twice', 'TQ422', 'Give one condition for each job.')
    end;
    v_jobs[v_found.ordinal] := v_job;
  end loop;
  return v_jobs;
end;
$$;
comment on function taskq_private.read_dependencies(taskq_private.submission[], jsonb, boolean) is
  'Reads what each submission depends on, by id or by the name of another of the same graph.';
