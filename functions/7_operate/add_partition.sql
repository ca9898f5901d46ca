-- Locks: the table, exclusively; the caller has them all.
create or replace function taskq_private.add_partition(table_name text, period taskq_private.history_periods)
returns void
language plpgsql
volatile
as $$
begin
  execute format(
    'create table taskq_private.%I partition of taskq_private.%I for values from (%s) to (%s)
      with (autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.02)',
    table_name || '_' || period.name, table_name,
    taskq_private.history_bound(period.family, period.starts_at, 'minvalue'), taskq_private.history_bound(period.family, period.ends_at)
  );
end;
$$;
comment on function taskq_private.add_partition(text, taskq_private.history_periods) is 'Makes the partition of this table for a period.';
