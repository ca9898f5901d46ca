create or replace function taskq_private.lane_of(job_id uuid)
returns integer
language plpgsql
stable
as $$
declare
  v_lane_id integer;
begin
  select s.lane_id into v_lane_id from taskq_private.job_specs as s where s.job_id = lane_of.job_id;
  if not found
    or taskq_private.queue_scope() is not null
    and not exists (select from taskq_private.lanes as l where l.lane_id = v_lane_id and taskq_private.sees_queue(l.queue))
  then
    raise exception 'no job %', job_id
      using errcode = 'TQ404', hint = 'It may have expired: finished jobs are kept for job_ttl_seconds.';
  end if;
  return v_lane_id;
end;
$$;
comment on function taskq_private.lane_of(uuid) is 'The lane of a job; raises TQ404 for one that does not exist, or that the caller''s key is not for.';
