create or replace view taskq.task_types as
select t.type, t.description, t.payload_schema, t.cpu_units, t.memory_mb, t.timeout_seconds, t.max_attempts, t.registered_at
from taskq_private.task_types as t;
comment on column taskq.task_types.type is 'The name that jobs give.';
comment on column taskq.task_types.description is 'One sentence for the submitter.';
comment on column taskq.task_types.payload_schema is 'JSON Schema that payloads are checked against.';
comment on column taskq.task_types.cpu_units is 'Cpu a job takes unless it says otherwise.';
comment on column taskq.task_types.memory_mb is 'Memory a job takes unless it says otherwise, in MB.';
comment on column taskq.task_types.timeout_seconds is 'How long one attempt may take unless the job says otherwise; null takes the setting.';
comment on column taskq.task_types.max_attempts is 'How often it may be tried unless the job says otherwise; null takes the setting.';
comment on column taskq.task_types.registered_at is 'When a worker last registered it.';
comment on view taskq.task_types is 'The job types that may be submitted, with the JSON Schema of their payload and their defaults.';
