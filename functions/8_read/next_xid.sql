-- The xmax of a snapshot will not do: it is one more than the highest id that has *ended*, and whoever is under way may have a higher one. The
-- age of an id counts to the next one that will be given out, as of the first time that a transaction asks.
create or replace function taskq_private.next_xid()
returns text
language sql
stable
as $$
  select (s.xmax::text::bigint + greatest(age(s.xmax::xid), 0))::text
  from (select pg_snapshot_xmax(pg_current_snapshot())) as s (xmax);
$$;
comment on function taskq_private.next_xid() is
  'The first transaction id that is not given out yet: each transaction that this snapshot does not see has a lower one, or has not begun to write. Ask once in a transaction.';
