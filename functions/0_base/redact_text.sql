-- In this order: a key that comes after Bearer is one secret, not two.
create or replace function taskq_private.redact_text(value text)
returns text
language sql
immutable
as $$
  select regexp_replace(
    regexp_replace(
      regexp_replace(value collate "C", '\m(bearer)[[:space:]]+[A-Za-z0-9._~+/=-]{8,}', '\1 [redacted]', 'gi'),
      '(taskq_[A-Za-z0-9]{1,50})_[A-Za-z0-9]{16,}', '\1_[redacted]', 'g'
    ),
    '(://[^/:@[:space:]]*):[^/[:space:]]+@', '\1:[redacted]@', 'g'
  );
$$;
comment on function taskq_private.redact_text(text) is 'A text without API keys, bearer tokens and the passwords of URLs.';
