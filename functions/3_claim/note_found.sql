-- A session whose last look found jobs does not ask is_idle() first: most of its looks will find more.
create or replace function taskq_private.note_found(has_found boolean)
returns void
language plpgsql
volatile
as $$
begin
  if has_found <> (coalesce(current_setting('taskq.found', true), '') <> '') then
    perform set_config('taskq.found', case when has_found then 'true' else '' end, false);
  end if;
end;
$$;
comment on function taskq_private.note_found(boolean) is 'Remembers, for this session, whether its last look at the lanes found jobs.';
