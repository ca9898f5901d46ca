-- Counted up to 10,000 each; beyond, PostgreSQL's own count of the rows of a table, less what of it was counted.
create or replace function taskq_private.count_places(
  out ready bigint, out running bigint, out pending bigint, out blocked bigint, out retrying bigint, out failed bigint, out finished bigint, out is_estimate boolean
)
language plpgsql
stable
as $$
declare
  v_most constant bigint := 10000;
  v_waiting bigint;
begin
  running := (select coalesce(sum(cardinality(c.job_ids)), 0) from taskq_private.claims as c);
  ready := (select count(*) from (select from taskq_private.ready_jobs as r limit v_most + 1) as r);
  finished := (select count(*) from (select from taskq_private.finished_jobs as f limit v_most + 1) as f);
  failed := (select count(*) from (select from taskq_private.finished_jobs as f where f.status = 'failed' order by f.job_id desc limit v_most + 1) as f);
  select
    count(*) filter (where w.status = 'pending'), count(*) filter (where w.status = 'blocked'), count(*) filter (where w.status = 'retrying')
  into pending, blocked, retrying
  from unnest(array['pending', 'blocked', 'retrying']::taskq.job_status[]) as s (status)
  cross join lateral (
    select o.status
    from taskq_private.lanes as l
    cross join lateral (select w.status from taskq_private.waiting_jobs as w where w.lane_id = l.lane_id and w.status = s.status limit v_most + 1) as o
    limit v_most + 1
  ) as w;
  is_estimate := greatest(ready, finished, failed, pending, blocked, retrying) > v_most;
  if not is_estimate then
    return;
  end if;

  v_waiting := pg_stat_get_live_tuples('taskq_private.waiting_jobs'::regclass) - pending - blocked - retrying;
  pending := case when pending > v_most then greatest(pending, pending + v_waiting) else pending end;
  blocked := case when blocked > v_most then greatest(blocked, blocked + v_waiting) else blocked end;
  retrying := case when retrying > v_most then greatest(retrying, retrying + v_waiting) else retrying end;
  failed := case when failed > v_most then greatest(failed, (
    select sum(c.reltuples)::bigint from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
    where i.inhparent = 'taskq_private.index_finished_jobs_failed'::regclass
  )) else failed end;
  ready := case when ready > v_most then greatest(ready, pg_stat_get_live_tuples('taskq_private.ready_jobs'::regclass)) else ready end;
  finished := case when finished > v_most then greatest(finished, (
    select sum(pg_stat_get_live_tuples(i.inhrelid)) from pg_inherits as i where i.inhparent = 'taskq_private.finished_jobs'::regclass
  )) else finished end;
end;
$$;
comment on function taskq_private.count_places() is 'How many jobs are in each state, exact up to 10,000 each and else about.';
