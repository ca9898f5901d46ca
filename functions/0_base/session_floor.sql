-- Floors are settings of the session: another session, or one behind a pooler that resets them, has none and looks at everything.
create or replace function taskq_private.session_floor(name text)
returns jsonb
language sql
volatile
as $$
  select case
    when (nullif(current_setting(name, true), '')::jsonb ->> 'full_at')::float8 > extract(epoch from taskq_private.clock())
    then current_setting(name)::jsonb
  end;
$$;
comment on function taskq_private.session_floor(text) is 'Where this session may begin to look, as it found when it last looked at everything; null when it is time to do so again.';
