create or replace function taskq.live_api_keys(key_ids text[])
returns text[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select array(
    select k.key_id
    from taskq_private.api_keys as k
    where k.key_id = any (key_ids) and taskq_private.is_live(k, taskq_private.clock())
  );
$$;
comment on function taskq.live_api_keys(text[]) is 'Which of these keys, given by their ids, are still good: a server asks for those that hold WebSockets open. Example: select * from taskq.live_api_keys(''{0123456789ab}'').';
