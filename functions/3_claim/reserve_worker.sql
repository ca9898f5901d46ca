-- Two workers that find the same job: the second gets nothing (unique_reservations_job_id).
create or replace function taskq_private.reserve_worker(worker_id uuid, job_id uuid, lane_id integer)
returns boolean
language plpgsql
volatile
as $$
begin
  insert into taskq_private.reservations (worker_id, job_id, lane_id, made_at)
  values (worker_id, job_id, lane_id, taskq_private.clock())
  on conflict do nothing;
  return found;
end;
$$;
comment on function taskq_private.reserve_worker(uuid, uuid, integer) is 'Keeps this worker free for this job; false when another one is already.';
