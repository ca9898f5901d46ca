-- Cuts a period from the newest, before its time comes: then nothing is in it. Where nobody ticked for long, what came meanwhile is in it
-- and stays where it is: the newest partition becomes that of the period.
-- Locks: the tables of the family, exclusively, until the transaction ends.
create or replace function taskq_private.open_period(family text)
returns void
language plpgsql
volatile
set lock_timeout = '100ms'
as $$
declare
  v_length interval := taskq_private.history_length(family);
  v_newest taskq_private.history_periods;
  v_opened taskq_private.history_periods;
  v_table text;
begin
  perform taskq_private.lock_history(family);
  select * into strict v_newest from taskq_private.history_periods as p where p.family = open_period.family and p.ends_at = 'infinity';
  v_newest.next_at := null;
  v_opened := v_newest;
  v_opened.name := to_char(v_newest.starts_at at time zone 'UTC', 'YYYYMMDD_HH24MISS');
  v_opened.ends_at := date_bin(v_length, greatest(v_newest.starts_at, taskq_private.clock()), '2000-01-01') + v_length;
  v_newest.starts_at := v_opened.ends_at;
  delete from taskq_private.history_periods as p where p.family = open_period.family and p.ends_at = 'infinity';
  insert into taskq_private.history_periods select v_opened.*;
  insert into taskq_private.history_periods select v_newest.*;

  foreach v_table in array taskq_private.history_tables(family) loop
    execute format('alter table taskq_private.%I detach partition taskq_private.%I', v_table, v_table || '_new');
    execute format('alter table taskq_private.%I rename to %I', v_table || '_new', v_table || '_' || v_opened.name);
    execute format(
      'alter table taskq_private.%I attach partition taskq_private.%I for values from (%s) to (%s)', v_table, v_table || '_' || v_opened.name,
      taskq_private.history_bound(family, v_opened.starts_at, 'minvalue'), taskq_private.history_bound(family, v_opened.ends_at)
    );
    perform taskq_private.add_partition(v_table, v_newest);
  end loop;
end;
$$;
comment on function taskq_private.open_period(text) is 'Makes partitions for the next stretch of time.';
