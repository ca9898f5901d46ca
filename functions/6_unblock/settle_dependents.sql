-- What the end of these jobs means for the jobs that depend on them: edges are satisfied, or can never be. A child that can
-- never run is cancelled, which ends it for its own dependents in turn; a loop and no recursion, since chains are long.
create or replace function taskq_private.settle_dependents(parent_ids uuid[], parent_status taskq.job_status)
returns void
language plpgsql
volatile
as $$
declare
  v_ids uuid[] := parent_ids;
  v_status taskq.job_status := parent_status;
  v_conditions taskq.dependency_condition[];
begin
  loop
    exit when not exists (
      select from taskq_private.job_dependencies as d where d.depends_on_id = any (v_ids) and not d.satisfied
    );
    v_conditions := case v_status
      when 'completed' then '{success,finished}'
      when 'failed' then '{failure,finished}'
      else '{finished}'
    end;
    perform taskq_private.unblock_dependents(v_ids, v_conditions);
    v_ids := taskq_private.cancel_dependents(v_ids, v_conditions);
    v_status := 'cancelled';
  end loop;
end;
$$;
comment on function taskq_private.settle_dependents(uuid[], taskq.job_status) is 'Lets go, or cancels, the jobs that depend on jobs that have ended.';
