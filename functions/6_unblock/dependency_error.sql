create or replace function taskq_private.dependency_error(culprit uuid)
returns jsonb
language sql
immutable
as $$
  select jsonb_build_object('message', format('job %s, which it depends on, did not complete', culprit), 'depends_on', culprit);
$$;
comment on function taskq_private.dependency_error(uuid) is 'The error of a job that was cancelled because of another.';
