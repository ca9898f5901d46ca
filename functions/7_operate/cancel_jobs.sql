-- pending | blocked | ready | retrying -> cancelled; running jobs are asked to stop, and their workers end them. A job that
-- moves between two looks is looked for again, so in the end each is cancelled, asked, or had ended before.
-- Locks: the claims that they run under, then their rows in ready and waiting, by job_id; then their dependents.
create or replace function taskq_private.cancel_jobs(job_ids uuid[], reason text, out cancelled uuid[], out asked uuid[])
language plpgsql
volatile
as $$
#variable_conflict use_column
declare
  v_left uuid[] := job_ids;
  v_now uuid[];
begin
  cancelled := '{}';
  asked := '{}';
  while cardinality(v_left) > 0 loop
    asked := asked || taskq_private.ask_to_stop(v_left, reason);
    v_now := taskq_private.cancel_unstarted(v_left, reason);
    cancelled := cancelled || v_now;
    v_left := array(
      select s.job_id
      from taskq_private.job_specs as s
      where s.job_id = any (v_left)
        and s.job_id <> all (v_now)
        and s.job_id <> all (asked)
        and not exists (select from taskq_private.finished_jobs as f where f.job_id = s.job_id)
    );
  end loop;

  perform taskq_private.settle_dependents(cancelled, 'cancelled');
end;
$$;
comment on function taskq_private.cancel_jobs(uuid[], text) is 'Cancels jobs that wait and asks those that run to stop; answers which is which.';
