-- Each place is asked for the ids, in those partitions that can have them: a plan that is made once, and reads by index only.
create or replace function taskq.get_jobs(job_ids uuid[])
returns setof taskq.jobs
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_bitmapscan = off
set enable_material = off
set enable_memoize = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_first uuid := (select i.id from unnest(job_ids) as i (id) where i.id is not null order by i.id limit 1);
  v_last uuid := (select i.id from unnest(job_ids) as i (id) where i.id is not null order by i.id desc limit 1);
begin
  return query
    select j.*
    from taskq.jobs as j
    where j.job_id = any (job_ids) and j.job_id >= v_first and j.job_id <= v_last
    order by j.job_id desc;
end;
$$;
comment on function taskq.get_jobs(uuid[]) is
  'Jobs by their ids, newest first; ids of no job are passed over. Example: select job_id, status from taskq.get_jobs(array[:''a'', :''b'']::uuid[]).';
