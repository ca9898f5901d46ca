-- Inside a security definer function current_user is the owner; the setting is still what the caller has taken.
create or replace function taskq_private.acting_role()
returns text
language sql
stable
as $$
  select case current_setting('role') when 'none' then session_user::text else current_setting('role') end;
$$;
comment on function taskq_private.acting_role() is 'The role in which the caller acts.';
