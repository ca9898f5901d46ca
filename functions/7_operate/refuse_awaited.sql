-- Raises: TQ409 when jobs that have not ended wait for this one.
create or replace function taskq_private.refuse_awaited(job_id uuid)
returns void
language plpgsql
stable
as $$
begin
  if taskq_private.is_awaited(job_id) then
    raise exception 'job % cannot be discarded: jobs that have not ended depend on it', job_id
      using errcode = 'TQ409', detail = taskq_private.status_of(job_id)::text, hint = 'Retry it, or cancel them first.';
  end if;
end;
$$;
comment on function taskq_private.refuse_awaited(uuid) is 'Raises TQ409 for a job that others still wait for.';
