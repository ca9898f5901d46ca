-- Numbers under a key of tokens are counts, as in max_tokens; true, false and null are no secrets.
create or replace function taskq_private.redact_value(value jsonb, depth integer default 0)
returns jsonb
language plpgsql
immutable
as $$
begin
  if jsonb_typeof(value) = 'string' then
    return to_jsonb(taskq_private.redact_text(value #>> '{}'));
  elsif depth > 200 then
    return '"[redacted: nested too deep]"';
  elsif jsonb_typeof(value) = 'array' then
    return (select coalesce(jsonb_agg(taskq_private.redact_value(e.value, depth + 1) order by e.n), '[]') from jsonb_array_elements(value) with ordinality as e (value, n));
  elsif jsonb_typeof(value) = 'object' then
    return (
      select coalesce(jsonb_object_agg(
        e.key,
        case
          when jsonb_typeof(e.value) in ('boolean', 'null') then e.value
          when e.key collate "C" !~* 'passw|passphrase|pwd|secret|token|authorization|api[-_ ]?key|cookie|private[-_ ]?key|access[-_ ]?key|credential'
            or jsonb_typeof(e.value) = 'number' and e.key collate "C" ~* 'tokens' then taskq_private.redact_value(e.value, depth + 1)
          else '"[redacted]"'
        end
      ), '{}')
      from jsonb_each(value) as e
    );
  end if;
  return value;
end;
$$;
comment on function taskq_private.redact_value(jsonb, integer) is 'A value without its secrets, at any depth.';
