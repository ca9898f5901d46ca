-- Both parts are compared as hashes, in constant time for their length. None for a key that is not valid.
create or replace function taskq_private.find_api_key(api_key text)
returns setof taskq_private.api_keys
language sql
stable
as $$
  select k.*
  from taskq_private.api_keys as k
  where k.key_id = split_part(api_key, '_', 2)
    and k.secret_hash = sha256(convert_to(split_part(api_key, '_', 3), 'UTF8'))
    and split_part(api_key, '_', 1) = 'taskq'
    and taskq_private.is_live(k, taskq_private.clock());
$$;
comment on function taskq_private.find_api_key(text) is 'The key that this is, if it is valid.';
