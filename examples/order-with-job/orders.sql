create table orders (
  order_id bigint generated always as identity primary key,
  customer text not null,
  total numeric not null check (total > 0)
);
