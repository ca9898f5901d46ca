-- How far a running job is. Locks: its claim, for share. Raises: TQ411 when the claim was lost.
create or replace function taskq.report_progress(claim_id bigint, job_id uuid, percent real, data jsonb default null)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_held record;
begin
  perform from taskq_private.claims as c where c.claim_id = report_progress.claim_id for share;
  select * into v_held from taskq_private.held_attempts(array[report_progress.claim_id]) as h where h.job_id = report_progress.job_id;
  if not found then
    perform taskq_private.raise_claim_lost(report_progress.claim_id, report_progress.job_id);
  end if;
  if percent is null or not percent between 0 and 100 then
    perform taskq_private.raise_error(taskq_private.invalid('percent', 'percent must be a number from 0 to 100'));
  end if;

  insert into taskq_private.job_progress (job_id, percent, data, at)
  values (report_progress.job_id, percent, report_progress.data, taskq_private.clock())
  on conflict (job_id) do update set percent = excluded.percent, data = excluded.data, at = excluded.at;

  perform taskq_private.record_event(
    'job_progress', array[report_progress.job_id], array[v_held.lane_id], array[v_held.attempt],
    jsonb_build_array(jsonb_build_object('percent', percent, 'data', report_progress.data))
  );
end;
$$;
comment on function taskq.report_progress(bigint, uuid, real, jsonb) is 'Says how far a running job is, 0 to 100, with any JSON beside it. TQ411 when the claim was lost. Example: select taskq.report_progress(:''claim'', :''job'', 50, ''{"rows": 1000}'').';
