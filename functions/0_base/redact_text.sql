-- In this order: a key that comes after Bearer is one secret, not two. What stands after `token:` may be anybody's prose; after `token=` it is a value.
create or replace function taskq_private.redact_text(value text)
returns text
language sql
immutable
as $$
  select regexp_replace(
    regexp_replace(
      regexp_replace(
        regexp_replace(value collate "C", '\m(bearer)[[:space:]]+[A-Za-z0-9._~+/=-]{8,}', '\1 [redacted]', 'gi'),
        '(taskq_[A-Za-z0-9]{1,50})_[A-Za-z0-9]{16,}', '\1_[redacted]', 'g'
      ),
      '(://[^/:@[:space:]]*):[^/[:space:]]+@', '\1:[redacted]@', 'g'
    ),
    '(passw(?:or)?d|passphrase|pwd|secret|token|(?:api|access|private)[-_]?key|credentials?)=("[^"]*"|''[^'']*''|[^[:space:]&;,"'']+)', '\1=[redacted]', 'gi'
  );
$$;
comment on function taskq_private.redact_text(text) is 'A text without API keys, bearer tokens, the passwords of URLs, and what is set as in password=….';
