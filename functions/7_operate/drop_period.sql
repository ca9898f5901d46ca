-- What stays moves to the period before, which is stretched over this one. Too much to move, and the period waits: that is known before
-- anything is locked, and made sure of after.
-- Locks: the tables of the family, exclusively, until the transaction ends.
create or replace function taskq_private.drop_period(period taskq_private.history_periods)
returns boolean
language plpgsql
volatile
set lock_timeout = '100ms'
as $$
declare
  v_from uuid := taskq_private.job_id_floor(period.starts_at);
  v_to uuid := taskq_private.job_id_floor(period.ends_at);
  v_horizon timestamptz := taskq_private.clock() - taskq_private.history_ttl(period.family);
  v_before taskq_private.history_periods;
  v_staying uuid[] := '{}';
  v_has_rows boolean;
  v_table text;
begin
  if period.family = 'jobs' and cardinality(taskq_private.staying_jobs(v_from, v_to, v_horizon, 10001)) > 10000 then
    return false;
  end if;
  perform taskq_private.lock_history(period.family);
  if period.family = 'jobs' then
    v_staying := taskq_private.staying_jobs(v_from, v_to, v_horizon, 10001);
    if cardinality(v_staying) > 10000 then
      return false;
    end if;
  end if;
  select p.* into strict v_before from taskq_private.history_periods as p where p.family = period.family and p.ends_at = period.starts_at;
  delete from taskq_private.history_periods as p where p.family = period.family and p.starts_at = period.starts_at;
  update taskq_private.history_periods as p set ends_at = period.ends_at where p.family = period.family and p.starts_at = v_before.starts_at;

  foreach v_table in array taskq_private.history_tables(period.family) loop
    execute format('alter table taskq_private.%I detach partition taskq_private.%I', v_table, v_table || '_' || v_before.name);
    execute format('alter table taskq_private.%I detach partition taskq_private.%I', v_table, v_table || '_' || period.name);
    execute format('select exists (select from taskq_private.%I)', v_table || '_' || v_before.name) into v_has_rows;
    if not v_has_rows or period.family = 'events' then -- its deleted rows need not be read again; events before this period are older still
      execute format('truncate taskq_private.%I', v_table || '_' || v_before.name);
    end if;
    if cardinality(v_staying) > 0 then
      execute format('insert into taskq_private.%I select * from taskq_private.%I where job_id = any ($1)', v_table || '_' || v_before.name, v_table || '_' || period.name)
      using v_staying;
    end if;
    execute format('drop table taskq_private.%I', v_table || '_' || period.name);
    execute format(
      'alter table taskq_private.%I attach partition taskq_private.%I for values from (%s) to (%s)', v_table, v_table || '_' || v_before.name,
      taskq_private.history_bound(period.family, v_before.starts_at, 'minvalue'), taskq_private.history_bound(period.family, period.ends_at)
    );
  end loop;
  return true;
end;
$$;
comment on function taskq_private.drop_period(taskq_private.history_periods) is
  'Drops the partitions of a period that has been kept long enough; false if more than 10,000 of its jobs must stay.';
