-- One row a batch of transitions. The hint goes out only with the commit, and at most a few sessions send one at a time.
create or replace function taskq_private.record_event(
  event text, job_ids uuid[], lane_ids integer[], attempts smallint[] default null, data jsonb default null
)
returns void
language plpgsql
volatile
as $$
begin
  if cardinality(job_ids) > 0 then
    perform taskq_private.start_timeline();
    insert into taskq_private.job_events (at, event, job_ids, lane_ids, attempts, data)
    values (taskq_private.clock(), event, job_ids, lane_ids, attempts, data);
    perform taskq_private.hint('events');
  end if;
end;
$$;
comment on function taskq_private.record_event(text, uuid[], integer[], smallint[], jsonb) is
  'Writes what happened to these jobs into the stream.';
