-- Whoever has the key shows it, so that nobody gets a ticket for another's. Tickets that nobody has used are deleted by the next.
-- Raises: TQ401.
create or replace function taskq.issue_ticket(api_key text default null, out ticket text, out expires_at timestamptz)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
  v_key_id text := (select a.key_id from taskq.authenticate_api_key(issue_ticket.api_key) as a where issue_ticket.api_key is not null);
begin
  delete from taskq_private.tickets as t
  where t.ticket_hash = any (array(select o.ticket_hash from taskq_private.tickets as o where o.expires_at < v_now order by o.expires_at limit 100 for update skip locked));
  ticket := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
  expires_at := v_now + interval '30 seconds';
  insert into taskq_private.tickets (ticket_hash, key_id, expires_at) values (sha256(convert_to(ticket, 'UTF8')), v_key_id, expires_at);
end;
$$;
comment on function taskq.issue_ticket(text) is
  'A ticket that stands for an API key once, for 30 seconds: browsers cannot send a key with a WebSocket''s upgrade, and a key has no place in a URL. Without a key it stands for the caller of a server that wants none. Example: select * from taskq.issue_ticket().';
