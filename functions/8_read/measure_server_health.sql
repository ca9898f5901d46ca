-- Of PostgreSQL itself. A session's age is null to a role without pg_read_all_stats, and so is the answer then.
create or replace function taskq_private.measure_server_health(now timestamptz)
returns table (check_name text, value numeric, found text)
language sql
stable
as $$
  with snapshot as materialized (
    select a.xact_start as since, format('session %s of %s', a.pid, a.usename) as holder
    from pg_stat_activity as a
    where (a.datname = current_database() or a.datname is null) and a.pid <> pg_backend_pid() and num_nonnulls(a.backend_xmin, a.backend_xid) > 0
      and a.backend_type <> 'autovacuum worker' and pg_has_role(current_user, 'pg_read_all_stats', 'usage')
    union all
    select p.prepared, format('prepared transaction %s', p.gid) from pg_prepared_xacts as p where p.database = current_database()
  ), hot as materialized (
    select c.oid, c.relname, c.reloptions, pg_stat_get_dead_tuples(c.oid) as dead
    from pg_class as c where c.relnamespace = 'taskq_private'::regnamespace and c.relkind = 'r'
  ), used as materialized (
    select format('numbers of %s', s.sequencename) as name, 100.0 * s.last_value / s.max_value as percent
    from pg_sequences as s where s.schemaname = 'taskq_private'
    union all
    select 'transaction ids', 100.0 * age(d.datfrozenxid) / 2147483647 from pg_database as d where d.datname = current_database()
  ), late as materialized (
    select format('%s: the next period is not open', p.family) as what, measure_server_health.now - p.starts_at as late_by
    from taskq_private.history_periods as p where p.ends_at = 'infinity'
    union all
    select format('%s: period %s is not dropped', p.family, p.name),
      measure_server_health.now - p.ends_at - taskq_private.history_ttl(p.family) - 2 * taskq_private.history_length(p.family)
    from taskq_private.history_periods as p where isfinite(p.starts_at) and p.ends_at <> 'infinity'
  )
  select 'oldest_snapshot',
    case when count(s.since) > 0 or pg_has_role(current_user, 'pg_read_all_stats', 'usage')
      then coalesce(extract(epoch from measure_server_health.now - min(s.since)), 0) end,
    (array_agg(s.holder order by s.since))[1]
  from snapshot as s
  union all
  select 'idle_slots', count(*), string_agg(r.slot_name, ', ') from pg_replication_slots as r where not r.active
  union all
  select 'dead_rows', coalesce(max(h.dead), 0), (array_agg(h.relname order by h.dead desc))[1] from hot as h
  union all
  select 'autovacuum_off', count(*), string_agg(h.relname, ', ' order by h.relname)
  from hot as h where not current_setting('autovacuum')::boolean or h.reloptions && '{autovacuum_enabled=false,autovacuum_enabled=off,autovacuum_enabled=0}'
  union all
  select 'number_room', round(max(u.percent), 1), (array_agg(u.name order by u.percent desc nulls last))[1] from used as u
  union all
  select 'history', greatest(extract(epoch from max(l.late_by)), 0), (array_agg(l.what order by l.late_by desc))[1] from late as l
  union all
  select 'notification_queue', round(100 * pg_notification_queue_usage()::numeric, 1), null;
$$;
comment on function taskq_private.measure_server_health(timestamptz) is 'Figures for check_health() about PostgreSQL.';
