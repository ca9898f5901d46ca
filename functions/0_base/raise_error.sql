-- Raises an error that was found as a value: {"code", "message", "field", "hint", "job_id", "members"}. The register is docs/errors.md.
create or replace function taskq_private.raise_error(error jsonb)
returns void
language plpgsql
immutable
as $$
begin
  raise exception using
    errcode = error ->> 'code',
    message = error ->> 'message',
    detail = coalesce(error ->> 'members', error ->> 'job_id', 'Field: ' || (error ->> 'field')),
    hint = coalesce(error ->> 'hint', 'Mend this field and submit again.'),
    column = error ->> 'field';
end;
$$;
comment on function taskq_private.raise_error(jsonb) is 'Raises an error given as {"code", "message", "field", "hint"}.';
