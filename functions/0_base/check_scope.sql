-- Raises: 42501.
create or replace function taskq_private.check_scope(queue text default null)
returns void
language plpgsql
stable
as $$
begin
  if taskq_private.sees_queue(queue) is not true then
    raise exception using
      errcode = 'insufficient_privilege',
      message = case when queue is null then 'this API key is for some queues only, and this concerns all of them'
        else format('this API key is not for queue "%s"', queue) end,
      hint = format('It is for %s. Use a key for all queues.', array_to_string(taskq_private.queue_scope(), ', '));
  end if;
end;
$$;
comment on function taskq_private.check_scope(text) is 'Refuses a caller whose key is not for this queue; null stands for what is of no queue.';
