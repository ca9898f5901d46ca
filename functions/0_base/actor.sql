create or replace function taskq_private.actor()
returns text
language sql
stable
as $$
  select session_user::text || coalesce('/' || nullif(current_setting('taskq.caller', true), ''), '');
$$;
comment on function taskq_private.actor() is 'Who is calling: the login role, and the name that a door has set for its caller.';
