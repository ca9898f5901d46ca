-- Raises: TQ404; TQ409 while jobs that have not ended name it.
create or replace function taskq.delete_pool(pool text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_pool taskq_private.resource_pools;
begin
  select * into v_pool from taskq_private.resource_pools as p where p.pool = delete_pool.pool for update;
  if not found then
    raise exception 'no pool "%"', delete_pool.pool using errcode = 'TQ404', hint = 'select pool from taskq.list_pools() lists them.';
  end if;
  perform taskq_private.check_scope(v_pool.queue);
  if v_pool.queue is null and v_pool.type is null and exists (
    select from taskq_private.lanes as l
    where l.resources ? delete_pool.pool
      and (
        exists (select from taskq_private.ready_jobs as r where r.lane_id = l.lane_id)
        or exists (select from taskq_private.waiting_jobs as w where w.lane_id = l.lane_id)
        or exists (select from taskq_private.claims as c where c.lane_ids @> array[l.lane_id])
      )
  ) then
    raise exception 'pool "%" cannot be deleted: jobs need it', delete_pool.pool
      using errcode = 'TQ409', detail = 'needed', hint = 'Give it capacity, or cancel those jobs first.';
  end if;
  delete from taskq_private.resource_pools as p where p.pool = delete_pool.pool;
  perform taskq_private.record_audit('delete_pool', delete_pool.pool);
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq.delete_pool(text) is 'Deletes a pool, or the limit of a queue or type (queue:<name>, type:<name>, rate:queue:<name>, rate:type:<name>). Refused while jobs name it that have not ended. TQ404 for an unknown one, TQ409 while jobs need it. Example: select taskq.delete_pool(''type:send_email'').';
