create or replace function taskq_private.check_names(jobs taskq_private.submission[])
returns taskq_private.submission[]
language plpgsql
immutable
as $$
declare
  v_jobs taskq_private.submission[] := jobs;
  v_again record;
begin
  for v_again in
    select n.ordinal, n.name, n.first
    from (select j.ordinal, j.name, min(j.ordinal) over (partition by j.name) as first from unnest(jobs) as j where j.name is not null) as n
    where n.ordinal > n.first and (jobs[n.ordinal]).error is null
  loop
    v_jobs[v_again.ordinal].error := taskq_private.invalid(
      'name', format('name "%s" is that of jobs[%s] too', v_again.name, v_again.first - 1), 'TQ422', 'Give each job of one call a name of its own.'
    );
  end loop;
  return v_jobs;
end;
$$;
comment on function taskq_private.check_names(taskq_private.submission[]) is 'Marks the jobs of a graph whose name another one has.';
