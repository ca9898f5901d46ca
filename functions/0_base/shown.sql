-- Few values hold a secret, so two looks come first, each cheaper than what it saves: for bits of the words, then for the words, which are
-- those of redact_value() and redact_text(); nothing that those would change may pass. Plain SQL that becomes part of the views that ask,
-- for roles that may not look into this schema; `return` binds names here, whatever search_path and functions they have.
create or replace function taskq_private.shown(value jsonb)
returns jsonb
language sql
stable
return case
  when lower(value::text collate "C") like any ('{%pass%,%pwd%,%secret%,%token%,%authorization%,%key%,%cookie%,%credential%,%bearer%,%taskq\\_%,%://%}'::text[])
    and value::text collate "C" ~* 'passw|passphrase|pwd|secret|token|authorization|api[-_ ]?key|cookie|private[-_ ]?key|access[-_ ]?key|credential|bearer|taskq_|://[^/]*@'
    then taskq.redact(value)
  else value
end;
comment on function taskq_private.shown(jsonb) is 'A value as it may be shown: redacted if it may hold a secret.';
