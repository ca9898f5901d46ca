-- every counts time that passes from its anchor, so nothing drifts, whenever it is looked at.
create or replace function taskq_private.next_tick(masks text[], every interval, anchor_at timestamptz, time_zone text, after timestamptz)
returns timestamptz
language sql
stable
as $$
  select case
    when every is null then taskq_private.next_cron_tick(masks, time_zone, after)
    else anchor_at + make_interval(secs => (
      (floor(extract(epoch from after - anchor_at) / extract(epoch from every)) + 1) * extract(epoch from every)
    )::float8)
  end;
$$;
comment on function taskq_private.next_tick(text[], interval, timestamptz, text, timestamptz) is 'The first tick after an instant, of a cron expression or of every so often; null if none ever comes.';
