-- A table of an application, and a trigger that submits a job for every row that comes, in the transaction that brings it.
create table images (
  image_id bigint generated always as identity primary key,
  url text not null
);

-- once a statement, not once a row: a thousand images are one call
create function submit_resize() returns trigger language plpgsql as $$
declare
  v_error jsonb;
begin
  select s.error
  into v_error
  from taskq.submit_each((
    select coalesce(jsonb_agg(jsonb_build_object(
      'type', 'resize_image',
      'payload', jsonb_build_object('image_id', i.image_id, 'url', i.url),
      'idempotency_key', 'resize-' || i.image_id
    )), '[]')
    from added as i
  )) as s
  where s.error is not null
  limit 1;
  if found then
    raise exception 'image not accepted: %', v_error ->> 'message' using detail = v_error::text;
  end if;
  return null;
end;
$$;

create trigger submit_resize after insert on images
  referencing new table as added
  for each statement execute function submit_resize();
