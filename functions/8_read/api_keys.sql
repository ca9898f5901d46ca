create or replace view taskq.api_keys as
select k.key_id, k.name, k.role, k.queues, k.created_at, k.expires_at, k.revoked_at, k.last_used_at, k.rotated_from
from taskq_private.api_keys as k
where taskq_private.sees_queue(null);
comment on view taskq.api_keys is 'The keys of the network doors, without their secrets: whose each is, what it may do, until when, and when it was last used.';
