create or replace function taskq_private.shown_text(value text)
returns text
language sql
stable
return case
  when value collate "C" ~* 'bearer|taskq_|://[^/]*@|(passw|passphrase|pwd|secret|token|key|credential)[a-z]*=' then taskq.redact(to_jsonb(value)) #>> '{}'
  else value
end;
comment on function taskq_private.shown_text(text) is 'A text as it may be shown: redacted if it may hold a secret.';
