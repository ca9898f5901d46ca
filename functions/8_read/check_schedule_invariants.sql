create or replace function taskq_private.check_schedule_invariants()
returns setof text
language sql
stable
as $$
  select format('tick %s of schedule %s has %s jobs', j.metadata ->> 'scheduled_for', j.metadata ->> 'schedule', count(*))
  from taskq_private.job_specs as j
  where j.metadata ? 'scheduled_for' and j.created_by = 'schedule:' || (j.metadata ->> 'schedule')
  group by j.metadata ->> 'schedule', j.metadata ->> 'scheduled_for' having count(*) > 1
  union all
  select format('schedule %s waits for %s, which is no tick of it', s.name, s.next_run_at)
  from taskq_private.schedules as s
  where s.next_run_at is not null and taskq_private.tick_after(s, s.next_run_at - interval '1 microsecond') is distinct from s.next_run_at;
$$;
comment on function taskq_private.check_schedule_invariants() is 'Breaches of what must hold of schedules, as sentences.';
