-- Jobs that two workers have died with are put aside: ready at the end of time, where no claim looks, for plan_suspect() to take
-- them alone. Any of them may be the one that kills; most were beside it.
-- Locks: their ready rows, which the caller has just made.
create or replace function taskq_private.suspect_jobs(job_ids uuid[])
returns void
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_suspects taskq_private.ready_jobs[];
begin
  v_suspects := array(
    select r
    from taskq_private.job_specs as s
    join taskq_private.ready_jobs as r on r.lane_id = s.lane_id and r.job_id = s.job_id
    where s.job_id = any (suspect_jobs.job_ids) and taskq_private.crash_count(s.job_id) >= 2
    order by s.job_id
  );
  delete from taskq_private.ready_jobs as r
  using unnest(v_suspects) as s
  where r.lane_id = s.lane_id and r.job_id = s.job_id;
  insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
  select s.lane_id, s.job_id, 'infinity', s.attempt from unnest(v_suspects) as s;

  insert into taskq_private.suspects (job_id, lane_id, suspected_at)
  select s.job_id, s.lane_id, taskq_private.clock() from unnest(v_suspects) as s
  on conflict (job_id) do update set claim_id = null, lane_id = excluded.lane_id;
end;
$$;
comment on function taskq_private.suspect_jobs(uuid[]) is 'Sees to it that those of these jobs that two workers died with run alone from now on.';
