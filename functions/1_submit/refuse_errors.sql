-- Raises the first error of a list that is stored whole or not at all, with the job in its field and its message.
create or replace function taskq_private.refuse_errors(jobs taskq_private.submission[])
returns void
language plpgsql
immutable
as $$
declare
  v_bad record;
begin
  select j.ordinal - 1 as "position", j.name, j.error into v_bad from unnest(jobs) as j where j.error is not null order by j.ordinal limit 1;
  if found then
    perform taskq_private.raise_error(v_bad.error || jsonb_build_object(
      'field', rtrim(format('jobs[%s].%s', v_bad."position", v_bad.error ->> 'field'), '.'),
      'message', format('jobs[%s]%s: %s', v_bad."position", coalesce(' "' || v_bad.name || '"', ''), v_bad.error ->> 'message')
    ));
  end if;
end;
$$;
comment on function taskq_private.refuse_errors(taskq_private.submission[]) is 'Raises the first error of a list of submissions.';
