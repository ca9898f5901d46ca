-- A list has many jobs but few lanes.
create or replace function taskq_private.lane_warnings(jobs taskq_private.submission[])
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select coalesce(jsonb_object_agg(l.lane_id, w.warnings) filter (where w.warnings <> '{}'), '{}')
    from (select distinct j.lane_id from unnest(jobs) as j where j.cpu_units > 0 or j.memory_mb > 0 or j.resources <> '{}') as l
    cross join lateral (select taskq_private.submit_warnings(l.lane_id)) as w (warnings)
    where l.lane_id is not null
  );
end;
$$;
comment on function taskq_private.lane_warnings(taskq_private.submission[]) is 'What submitters should know, by lane; lanes without a warning are not in it.';
