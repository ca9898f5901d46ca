-- Everything that time does: schedules, due jobs, lost workers, timeouts, what large graphs left over, retention. Any process may call it at any time; one gets
-- through. Bounded: what is left over is done by the next call.
-- Locks: the settings' row, which nobody but this schema's functions can hold (an advisory lock is anybody's to take); last, now and
-- then for a moment, the tables of history.
create or replace function taskq.tick(
  out ran boolean, out promoted integer, out lost_workers integer, out expired_attempts integer, out deleted_jobs integer,
  out folded_workflows integer
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  perform from taskq_private.settings for update skip locked;
  ran := found;
  if not ran then
    return;
  end if;
  lost_workers := taskq_private.rescue_lost_workers();
  perform taskq_private.clear_suspects();
  expired_attempts := taskq_private.expire_attempts();
  perform taskq_private.fire_schedules();
  promoted := taskq_private.promote_due_jobs(10000);
  if promoted > 0 then
    perform taskq_private.hint('ready');
  end if;
  for v_i in 1 .. 5 loop
    exit when not taskq_private.settle_chunk();
  end loop;
  for v_i in 1 .. 5 loop
    exit when not taskq_private.cancel_workflows();
  end loop;
  folded_workflows := taskq_private.fold_workflow_counts(10000);
  perform taskq_private.measure_types();
  deleted_jobs := taskq_private.delete_expired(1000);
  perform taskq_private.keep_history();
end;
$$;
comment on function taskq.tick() is
  'Does what is due: submits the jobs of schedules, makes due jobs ready, gives the jobs of lost workers to others, ends attempts that outran their timeout, goes on with what was left of large graphs, brings workflows up to date, deletes what has been kept long enough. Servers and workers call it each second; pg_cron or psql may too. ran is false when another session is at it. Example: select * from taskq.tick().';
