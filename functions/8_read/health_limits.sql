create or replace function taskq_private.health_limits()
returns table (place bigint, check_name text, unit text, warn_at numeric, critical_at numeric, hint text, unknown text)
language sql
immutable
as $$
  select row_number() over (), v.*
  from (values
    ('last_tick', 'seconds', 150, 600, 'Nothing calls tick(): start a server or a worker, or call select * from taskq.tick() each second.', 'No type is registered yet: start a worker.'),
    ('no_worker', 'types', 1, null, 'Jobs are ready that no live worker runs: start workers for these types and queues (TASKQ_TASKS, WORKER_QUEUES), or cancel the jobs.', null),
    ('too_large', 'lanes', 1, null, 'No live worker is large enough: raise one with taskq.set_worker_capacity(), start a larger one, or submit with less.', null),
    ('oldest_ready', 'seconds', 300, 3600, 'select * from taskq.explain_job() of a job of it says what it waits for; select taskq.simulate(extra_workers => 1) what more workers would change.', null),
    ('full_pools', 'pools', 1, null, 'Jobs wait for these: select * from taskq.list_pools(); taskq.set_pool() or set_limit() raises them.', null),
    ('lost_workers', 'workers', 1, 5, 'Workers died in the last 15 minutes; their jobs run elsewhere. Look at their machines: memory, restarts, network.', null),
    ('suspects', 'jobs', 1, 100, 'Two workers died while they ran these; each now runs alone. Look at its payload and at what its handler takes.', null),
    ('failing_types', 'percent', 20, 80, 'select error ->> ''message'', count(*) from taskq.dead_letters where type = … group by 1 says why; retry_dead_letters() runs them again.', null),
    ('unsettled_graphs', 'seconds', 60, 600, 'Dependents of an ended job are told in chunks by claims and ticks: see that workers claim and tick() runs.', null),
    ('oldest_snapshot', 'seconds', 300, 3600, 'What claims delete cannot be removed while it lasts. End it: select pg_terminate_backend(pid), or rollback prepared.', 'Sessions of others are hidden: grant pg_read_all_stats to taskq_owner.'),
    ('idle_slots', 'slots', 1, null, 'Nobody reads these replication slots, so log and dead rows pile up behind them: start their readers or pg_drop_replication_slot().', null),
    ('dead_rows', 'rows', 1000000, 10000000, 'Autovacuum does not keep up: look at oldest_snapshot, idle_slots and autovacuum_off first, then vacuum the table.', null),
    ('autovacuum_off', 'tables', 1, null, 'Tables of a queue need it: alter table … reset (autovacuum_enabled), or set autovacuum = on.', null),
    ('notification_queue', 'percent', 1, 25, 'A session that listens does not read, so wake-ups come late: look in pg_stat_activity for an old transaction of one that did LISTEN, and end it.', null),
    ('number_room', 'percent', 50, 80, 'Transaction ids: vacuum freeze, and see oldest_snapshot. Numbers of lanes: give jobs fewer different resource requirements.', null),
    ('history', 'seconds', 600, 86400, 'tick() could not have the tables of history, or much of a period must stay: look at its warnings in PostgreSQL''s log.', null)
  ) as v (check_name, unit, warn_at, critical_at, hint, unknown);
$$;
comment on function taskq_private.health_limits() is 'The checks of check_health() in the order in which they matter: unit, limits, and what to do.';
