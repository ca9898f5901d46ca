create or replace view taskq.top as
select
  r.job_id, r.name, r.type, r.queue, r.priority, r.worker, r.worker_id, r.cpu_units, r.memory_mb, r.resources, r.running_seconds, r.expected_seconds,
  r.timeout_seconds, r.attempt, r.max_attempts, r.progress_percent, r.is_stopping
from taskq.list_running() as r;
comment on column taskq.top.job_id is 'The job.';
comment on column taskq.top.name is 'The name that its submitter gave it.';
comment on column taskq.top.type is 'Its type.';
comment on column taskq.top.queue is 'Its queue.';
comment on column taskq.top.priority is '1 (first) to 10.';
comment on column taskq.top.worker is 'The name of the worker that runs it.';
comment on column taskq.top.worker_id is 'That worker.';
comment on column taskq.top.cpu_units is 'Cpu that it has been granted.';
comment on column taskq.top.memory_mb is 'Memory that it has been granted, in MB.';
comment on column taskq.top.resources is 'What else it has been granted, such as {"gpu": 1}.';
comment on column taskq.top.running_seconds is 'Since its worker has taken it.';
comment on column taskq.top.expected_seconds is 'How long it should take: what it says, else what recent jobs of its type took (95 of 100), else its timeout.';
comment on column taskq.top.timeout_seconds is 'After this long it is ended.';
comment on column taskq.top.attempt is 'Which attempt this is.';
comment on column taskq.top.max_attempts is 'How many it may have.';
comment on column taskq.top.progress_percent is 'How far it says it is; null if it says nothing.';
comment on column taskq.top.is_stopping is 'Whether it was asked to stop.';
comment on view taskq.top is 'What runs now, heaviest first, 1000 jobs at most; list_running() shows more. Example: select type, worker, cpu_units, memory_mb, running_seconds, progress_percent from taskq.top limit 20.';
