create or replace function taskq_private.history_tables(family text)
returns text[]
language sql
immutable
as $$
  select case family
    when 'jobs' then array['job_specs', 'finished_jobs', 'job_attempts', 'job_logs']
    when 'events' then array['job_events']
  end;
$$;
comment on function taskq_private.history_tables(text) is 'The tables that are cut into the periods of this family.';
