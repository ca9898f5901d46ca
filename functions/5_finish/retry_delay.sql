-- The exponent stops before the power would overflow: at e^650, far above any max_delay_seconds.
create or replace function taskq_private.retry_delay(spec taskq_private.job_specs, attempt smallint)
returns double precision
language sql
volatile
as $$
  select least(
    spec.initial_delay_seconds
      * power(spec.backoff_multiplier::double precision, least(attempt - 1, 650 / greatest(ln(spec.backoff_multiplier::double precision), 0.5))),
    spec.max_delay_seconds
  ) * (1 + spec.jitter * random());
$$;
comment on function taskq_private.retry_delay(taskq_private.job_specs, smallint) is
  'Seconds to wait after this attempt: initial_delay_seconds × backoff_multiplier^(attempt - 1), at most max_delay_seconds, and up to the share of jitter more.';
