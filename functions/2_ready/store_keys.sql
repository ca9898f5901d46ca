-- What the jobs of a submit say of how many of their key may run. The latest that says something decides, unless it was set by hand, or
-- the caller is not for the queue of a job that has the key: then what is said is passed over.
-- Locks: the keys, in their order; then parked jobs.
create or replace function taskq_private.store_keys(jobs taskq_private.submission[])
returns void
language plpgsql
volatile
as $$
declare
  v_limits jsonb := (
    select jsonb_object_agg(k.concurrency_key, case
      when taskq_private.queue_scope() is null or k.max_running is null or not exists (
        select
        from taskq_private.concurrency_keys as c
        join taskq_private.job_specs as s on s.concurrency_key = c.concurrency_key
        join taskq_private.lanes as l on l.lane_id = s.lane_id
        where c.concurrency_key = k.concurrency_key and c.max_running <> k.max_running and not taskq_private.sees_queue(l.queue)
      ) then k.max_running
    end)
    from (
      select j.concurrency_key, max(j.concurrency_limit) as max_running
      from unnest(jobs) as j where j.concurrency_key is not null
      group by j.concurrency_key
    ) as k
  );
begin
  if v_limits is null then
    return;
  end if;
  insert into taskq_private.concurrency_keys as k (concurrency_key, max_running, most_running)
  select l.key, coalesce(l.value::integer, 1), coalesce(l.value::integer, 1) from jsonb_each_text(v_limits) as l order by l.key
  on conflict (concurrency_key) do update set
    max_running = case when k.is_kept then k.max_running else coalesce((v_limits ->> k.concurrency_key)::integer, k.max_running) end,
    most_running = case when k.is_kept then k.most_running else greatest(k.most_running, (v_limits ->> k.concurrency_key)::integer) end;

  v_limits := jsonb_strip_nulls(v_limits);
  if v_limits <> '{}' then -- more may be allowed than before
    perform taskq_private.admit_parked(array(
      select l.key from jsonb_object_keys(v_limits) as l (key)
      where exists (select from taskq_private.keyed_jobs as j where j.concurrency_key = l.key and not j.is_admitted)
    ));
  end if;
end;
$$;
comment on function taskq_private.store_keys(taskq_private.submission[]) is 'Makes the keys of new jobs, or changes how many of them may run.';
