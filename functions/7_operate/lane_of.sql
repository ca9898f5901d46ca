create or replace function taskq_private.lane_of(job_id uuid)
returns integer
language plpgsql
stable
as $$
declare
  v_lane_id integer;
begin
  select s.lane_id into v_lane_id from taskq_private.job_specs as s where s.job_id = lane_of.job_id;
  if not found then
    raise exception 'no job %', job_id
      using errcode = 'TQ404', hint = 'It may have expired: finished jobs are kept for job_ttl_seconds.';
  end if;
  return v_lane_id;
end;
$$;
comment on function taskq_private.lane_of(uuid) is 'The lane of a job; raises TQ404 for one that does not exist.';
