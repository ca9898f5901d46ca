-- blocked (parked) -> ready, as many as the limit of the key allows, by priority, then first come first served. How many are
-- out is counted under the key's lock. A parked job that someone cancels meanwhile, or makes wait for another job, is waited
-- for, and the next one comes.
-- Locks: the keys, in their order; then the parked jobs' waiting rows.
create or replace function taskq_private.admit_parked(keys text[])
returns void
language plpgsql
volatile
as $$
declare
  v_key taskq_private.concurrency_keys;
  v_free integer;
  v_job_ids uuid[];
begin
  for v_key in select * from taskq_private.concurrency_keys as k where k.concurrency_key = any (keys) order by k.concurrency_key for update loop
    loop
      v_free := v_key.max_running - (
        select count(*) from taskq_private.keyed_jobs as j where j.concurrency_key = v_key.concurrency_key and j.is_admitted
      );
      v_job_ids := array(
        select j.job_id from taskq_private.keyed_jobs as j
        where j.concurrency_key = v_key.concurrency_key and not j.is_admitted
        order by j.priority, j.ready_at, j.job_id
        limit greatest(v_free, 0)
      );
      exit when cardinality(v_job_ids) = 0;
      perform from taskq_private.waiting_jobs as w where w.job_id = any (v_job_ids) order by w.job_id for update;

      with gone as (
        delete from taskq_private.waiting_jobs as w
        using taskq_private.keyed_jobs as j
        where w.job_id = any (v_job_ids) and j.job_id = w.job_id -- else it is waiting for another job by now
        returning w.job_id
      ), admitted as (
        update taskq_private.keyed_jobs as j set is_admitted = true from gone as g where j.job_id = g.job_id
        returning j.lane_id, j.job_id, j.ready_at, j.attempt
      )
      insert into taskq_private.ready_jobs (lane_id, job_id, ready_at, attempt)
      select a.lane_id, a.job_id, a.ready_at, a.attempt from admitted as a;
      exit when cardinality(v_job_ids) < v_free;
    end loop;
  end loop;
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq_private.admit_parked(text[]) is 'Lets parked jobs of these keys go on, as many as their limits allow.';
