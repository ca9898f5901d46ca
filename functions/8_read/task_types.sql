create or replace view taskq.task_types as
select t.type, t.description, t.payload_schema, t.cpu_units, t.memory_mb, t.timeout_seconds, t.max_attempts, t.registered_at
from taskq_private.task_types as t;
comment on view taskq.task_types is 'The job types that may be submitted, with the JSON Schema of their payload and their defaults.';
