create or replace function taskq_private.large_period_bytes()
returns bigint
language sql
immutable
parallel safe
as $$
  select 33554432::bigint;
$$;
comment on function taskq_private.large_period_bytes() is 'From what size of its finished jobs on a period is dropped whole: 32 MiB, some 200,000 jobs.';
