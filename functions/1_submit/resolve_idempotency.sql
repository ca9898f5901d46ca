-- One key, one job, whatever the concurrency: `on conflict do nothing` waits for a rival that holds the key; whoever finds
-- another's job under its key answers with that job if the request was the same, and with an error if not.
-- Most keys are new, so all are tried in one statement; only what did not get its key is looked at by itself.
-- Locks: the keys, in their order, so that two batches cannot deadlock.
create or replace function taskq_private.resolve_idempotency(jobs taskq_private.submission[])
returns taskq_private.submission[]
language plpgsql
volatile
as $$
declare
  v_taken bigint;
  v_job taskq_private.submission;
  v_jobs taskq_private.submission[] := jobs;
  v_first taskq_private.idempotency_keys;
  v_first_id uuid; -- that may be told
begin
  insert into taskq_private.idempotency_keys (idempotency_key, job_id, request_hash)
  select j.idempotency_key, j.job_id, j.request_hash
  from unnest(jobs) as j
  where j.idempotency_key is not null and j.error is null
  order by j.idempotency_key, j.ordinal
  on conflict do nothing;
  get diagnostics v_taken = row_count;
  if v_taken = (select count(*) from unnest(jobs) as j where j.idempotency_key is not null and j.error is null) then
    return jobs; -- all of them are new, as most are
  end if;

  for v_job in
    select j.*
    from unnest(jobs) as j
    left join lateral (
      select k.job_id from taskq_private.idempotency_keys as k where k.idempotency_key = j.idempotency_key offset 0
    ) as k on true
    where j.idempotency_key is not null and j.error is null and k.job_id is distinct from j.job_id
    order by j.idempotency_key, j.ordinal
  loop
    loop
      insert into taskq_private.idempotency_keys (idempotency_key, job_id, request_hash)
      values (v_job.idempotency_key, v_job.job_id, v_job.request_hash)
      on conflict do nothing;
      exit when found;
      select * into v_first from taskq_private.idempotency_keys as k where k.idempotency_key = v_job.idempotency_key;
      continue when not found; -- its job was deleted between the two statements

      v_job.job_id := v_first.job_id;
      v_job.repeated := true;
      if v_first.request_hash <> v_job.request_hash then
        v_first_id := case when taskq_private.sees_job(v_first.job_id) then v_first.job_id end;
        v_job.error := taskq_private.invalid(
          'idempotency_key', format('idempotency_key "%s" was used%s for another request', v_job.idempotency_key, ' by job ' || v_first_id),
          'TQ410', 'Use a new key for a new request.'
        ) || jsonb_strip_nulls(jsonb_build_object('job_id', v_first_id));
      end if;
      v_jobs[v_job.ordinal] := v_job;
      exit;
    end loop;
  end loop;
  return v_jobs;
end;
$$;
comment on function taskq_private.resolve_idempotency(taskq_private.submission[]) is
  'Takes the idempotency keys of submissions, and points those that come second at the first job.';
