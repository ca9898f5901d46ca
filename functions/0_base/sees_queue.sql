-- taskq.queues is what a door sets for the key of its caller, for one transaction. Plain SQL of nothing but pg_catalog: it becomes part
-- of the queries and views that ask, for roles that may not look into this schema; `return` binds names here, whatever search_path they
-- have. Put as `is not null`, it is expected to hold of nearly every row, as it nearly always does: planners that expect few rows would
-- begin with the lanes.
create or replace function taskq_private.sees_queue(queue text)
returns boolean
language sql
stable
return nullif(coalesce(current_setting('taskq.queues', true), '') = '', false) is not null
  or sees_queue.queue = any (nullif(current_setting('taskq.queues', true), '')::text[]);
comment on function taskq_private.sees_queue(text) is 'Whether the caller''s key is for this queue, or for all; null stands for what is of no queue, or of all.';
