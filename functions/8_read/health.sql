create or replace view taskq.health as
select h.check_name, h.status, h.value, h.unit, h.warn_at, h.critical_at, h.found, h.hint
from taskq.check_health() as h;
comment on column taskq.health.check_name is 'What is looked at.';
comment on column taskq.health.status is 'ok, warn, critical, or unknown where it cannot be seen.';
comment on column taskq.health.value is 'The figure.';
comment on column taskq.health.unit is 'What it counts.';
comment on column taskq.health.warn_at is 'From this value on it warns.';
comment on column taskq.health.critical_at is 'From this value on it is critical; null for never.';
comment on column taskq.health.found is 'The worst that was found.';
comment on column taskq.health.hint is 'What to do next.';
comment on view taskq.health is
  'Is anything wrong? A row a check, worst first. Example: select * from taskq.health where status <> ''ok''.';
