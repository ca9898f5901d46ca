create or replace function taskq_private.rate_of(amount numeric, per_seconds numeric)
returns double precision
language plpgsql
immutable
as $$
begin
  if (amount > 0 and per_seconds > 0) is not true then
    perform taskq_private.raise_error(taskq_private.invalid(
      case when amount > 0 then 'per_seconds' else 'amount' end, 'a rate is an amount above 0 in per_seconds above 0', 'TQ422', 'For example 100 in 60 seconds.'
    ));
  end if;
  return amount / per_seconds;
end;
$$;
comment on function taskq_private.rate_of(numeric, numeric) is 'So much a second; raises TQ422 for what is no rate.';
