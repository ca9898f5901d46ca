-- The caller has locked the claims. A line's instant is this database's, less the age that the worker measured.
create or replace function taskq_private.store_logs(entries jsonb)
returns uuid[]
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_part record;
  v_lost uuid[];
begin
  -- an event is read whole, so one event takes 500 lines at most
  for v_part in
    with entry as materialized (
      select e.ordinality, r.*
      from jsonb_array_elements(entries) with ordinality as e (value, ordinality)
      cross join lateral jsonb_to_record(e.value) as r (
        claim_id bigint, job_id uuid, level taskq.log_level, message text, data jsonb, age_seconds double precision
      )
    ), held as materialized (
      select h.* from taskq_private.held_attempts(array(select distinct e.claim_id from entry as e)) as h
    ), kept as (
      insert into taskq_private.job_logs (job_id, claim_id, attempt, at, level, message, data)
      select e.job_id, e.claim_id, h.attempt, v_now - coalesce(e.age_seconds, 0) * interval '1 second', coalesce(e.level, 'info'),
        coalesce(left(e.message, 65536), ''), e.data
      from entry as e
      join held as h on h.claim_id = e.claim_id and h.job_id = e.job_id
      order by e.ordinality
      returning job_id, claim_id, attempt, log_id, at, level, message, data
    )
    select
      array_agg(k.job_id order by k.place) as job_ids, array_agg(h.lane_id order by k.place) as lane_ids, array_agg(k.attempt order by k.place) as attempts,
      jsonb_agg(jsonb_build_object('level', k.level, 'message', k.message, 'data', k.data, 'at', k.at) order by k.place) as data
    from (select kept.*, row_number() over (order by kept.log_id) as place from kept) as k
    join held as h on h.claim_id = k.claim_id and h.job_id = k.job_id
    group by (k.place - 1) / 500
    order by (k.place - 1) / 500
  loop
    perform taskq_private.record_event('job_log', v_part.job_ids, v_part.lane_ids, v_part.attempts, v_part.data);
  end loop;

  select array_agg(distinct e.job_id)
  into v_lost
  from jsonb_to_recordset(entries) as e (claim_id bigint, job_id uuid)
  where not exists (
    select from taskq_private.claims as c where c.claim_id = e.claim_id and c.job_ids @> array[e.job_id]
  );
  return coalesce(v_lost, '{}');
end;
$$;
comment on function taskq_private.store_logs(jsonb) is 'Writes log lines of jobs that still run; answers the others.';
