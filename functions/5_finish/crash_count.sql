create or replace function taskq_private.crash_count(job_id uuid)
returns bigint
language sql
stable
as $$
  select count(*)
  from taskq_private.job_attempts as a
  where a.job_id = crash_count.job_id
    and a.outcome = 'lost'
    and a.claim_id > coalesce(
      (select max(e.claim_id) from taskq_private.job_attempts as e where e.job_id = crash_count.job_id and e.ended_a_life), 0
    );
$$;
comment on function taskq_private.crash_count(uuid) is 'How many workers died while they ran this job, since it was submitted or last replayed.';
