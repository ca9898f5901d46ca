create or replace view taskq.api_keys as
select k.key_id, k.name, k.role, k.queues, k.created_at, k.expires_at, k.revoked_at, k.last_used_at, k.rotated_from
from taskq_private.api_keys as k
where taskq_private.sees_queue(null);
comment on column taskq.api_keys.key_id is 'The key, by the part of it between its two underscores.';
comment on column taskq.api_keys.name is 'Whose it is.';
comment on column taskq.api_keys.role is 'The role that its requests act in.';
comment on column taskq.api_keys.queues is 'The queues that it is for; null for all.';
comment on column taskq.api_keys.created_at is 'When it was made.';
comment on column taskq.api_keys.expires_at is 'Until when it is good; null for always.';
comment on column taskq.api_keys.revoked_at is 'When it was revoked.';
comment on column taskq.api_keys.last_used_at is 'When it was last used, to about a minute.';
comment on column taskq.api_keys.rotated_from is 'The key that it succeeds.';
comment on view taskq.api_keys is 'The keys of the network doors, without their secrets: whose each is, what it may do, until when, and when it was last used.';
