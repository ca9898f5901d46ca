create or replace function taskq_private.submission_status(job taskq_private.submission, submitted_at timestamptz)
returns taskq.job_status
language sql
stable
as $$
  select case
    when job.error is not null then null
    when job.repeated then taskq_private.status_of(job.job_id)
    when job.doomed_by is not null then 'cancelled'
    when job.concurrency_key is not null then taskq_private.status_of(job.job_id)
    when job.remaining_dependencies > 0 then 'blocked'
    when job.run_at > submitted_at then 'pending'
    else 'ready'
  end::taskq.job_status;
$$;
comment on function taskq_private.submission_status(taskq_private.submission, timestamptz) is 'The place that a submission has got, as its submitter is told.';
