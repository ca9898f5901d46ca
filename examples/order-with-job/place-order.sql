-- psql -v customer=ada -v total=12.50 -f place-order.sql: the order and its job, both or none.
\set ON_ERROR_STOP on
begin;
insert into orders (customer, total) values (:'customer', :'total') returning order_id \gset
select job_id, status
from taskq.submit_job(
  'send_email',
  jsonb_build_object('to', :'customer' || '@example.com', 'subject', 'Your order ' || :'order_id', 'text', 'Thank you!'),
  idempotency_key => 'confirm-order-' || :'order_id',
  metadata => jsonb_build_object('order_id', :order_id)
);
select 1 / (:'total'::numeric <= 1000)::integer as the_card_was_charged;
commit;
