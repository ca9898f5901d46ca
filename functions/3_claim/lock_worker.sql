-- The lock under which "used" is summed: one worker's claims are made one after the other, workers do not wait for each other.
-- Who only reports takes nothing, and so needs no lock: a worker may report and claim at the same time.
create or replace function taskq_private.lock_worker(worker_id uuid, is_claim boolean default true)
returns taskq_private.workers
language plpgsql
volatile
as $$
declare
  v_worker taskq_private.workers;
begin
  if is_claim then
    select * into v_worker from taskq_private.workers as w where w.worker_id = lock_worker.worker_id for no key update;
  else
    select * into v_worker from taskq_private.workers as w where w.worker_id = lock_worker.worker_id;
  end if;
  if not found then
    raise exception 'worker % is not registered', worker_id
      using errcode = 'TQ404', hint = 'Call taskq.register_worker() and use the id it answers.';
  end if;
  if v_worker.status in ('lost', 'stopped') then
    raise exception 'worker % is %, its jobs were given to others', worker_id, v_worker.status
      using errcode = 'TQ412', hint = 'Register again: taskq.register_worker() answers a new id.';
  end if;
  return v_worker;
end;
$$;
comment on function taskq_private.lock_worker(uuid, boolean) is 'The row of a live worker, locked until this transaction ends if it is to claim.';
