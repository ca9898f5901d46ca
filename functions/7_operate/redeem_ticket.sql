-- Deleting it is what makes it good for one use: of two who try, one finds it. Raises: TQ401.
create or replace function taskq.redeem_ticket(
  ticket text, out key_id text, out name text, out role text, out queues text[], out expires_in_seconds double precision
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
  v_ticket taskq_private.tickets;
begin
  delete from taskq_private.tickets as t
  where t.ticket_hash = sha256(convert_to(redeem_ticket.ticket, 'UTF8'))
  returning * into v_ticket;
  if found and v_ticket.expires_at > v_now and v_ticket.key_id is null then
    role := 'taskq_operator';
    return;
  end if;
  select k.key_id, k.name, k.role, k.queues, extract(epoch from k.expires_at - v_now)
  into key_id, name, role, queues, expires_in_seconds
  from taskq_private.api_keys as k
  where v_ticket.expires_at > v_now and k.key_id = v_ticket.key_id and taskq_private.is_live(k, v_now);
  if not found then
    raise exception 'the ticket is not valid' using errcode = 'TQ401', hint = 'POST /tickets gives one, which is good once and for 30 seconds.';
  end if;
end;
$$;
comment on function taskq.redeem_ticket(text) is 'Whose ticket this is, as authenticate_api_key() says it of a key; raises TQ401 for one that was used, has expired, or whose key has ended. Example: select * from taskq.redeem_ticket(''…'').';
