create or replace view taskq.audit_log as
select a.audit_id, a.at, a.actor, a.role, a.key_id, k.name as key_name, a.door, a.action, a.target, taskq_private.shown(a.details) as details
from taskq_private.audit_log as a
left join taskq_private.api_keys as k on k.key_id = a.key_id
where taskq_private.sees_queue(null);
comment on column taskq.audit_log.audit_id is 'Order.';
comment on column taskq.audit_log.at is 'When, by the database''s clock.';
comment on column taskq.audit_log.actor is 'The login role, and the key''s name.';
comment on column taskq.audit_log.role is 'The role that it was done in.';
comment on column taskq.audit_log.key_id is 'The API key that it was done with; null for none.';
comment on column taskq.audit_log.key_name is 'That key''s name.';
comment on column taskq.audit_log.door is 'By which door: rest, graphql, websocket, grpc or sql.';
comment on column taskq.audit_log.action is 'The function that was called.';
comment on column taskq.audit_log.target is 'To what it was done.';
comment on column taskq.audit_log.details is 'With what, without secrets.';
comment on view taskq.audit_log is 'What operators and administrators did: who (the login role and the key''s name), in which role, with which key, by which door, what, and to what. Order by audit_id.';
