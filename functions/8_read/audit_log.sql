create or replace view taskq.audit_log as
select a.audit_id, a.at, a.actor, a.role, a.key_id, k.name as key_name, a.door, a.action, a.target, taskq_private.shown(a.details) as details
from taskq_private.audit_log as a
left join taskq_private.api_keys as k on k.key_id = a.key_id
where taskq_private.sees_queue(null);
comment on view taskq.audit_log is 'What operators and administrators did: who (the login role and the key''s name), in which role, with which key, by which door, what, and to what. Order by audit_id.';
