create or replace function taskq_private.history_ttl(family text)
returns interval
language sql
stable
as $$
  select case family when 'jobs' then s.job_ttl_seconds else s.event_ttl_seconds end * interval '1 second'
  from taskq_private.settings as s;
$$;
comment on function taskq_private.history_ttl(text) is 'How long what has ended is kept.';
