--! Previous: sha1:ac6d07e092b5f35ac968ab219cdd3c7703364eea
--! Hash: sha1:a45f49d0a215ccf8f1949b0af6c987f02ee1b1fc

--! split: 1-current.sql
set local role taskq_owner;


-- what is submitted again and again
create table taskq_private.schedules (
  name text constraint pk_schedules primary key,
  job jsonb not null,
  cron text,
  every interval,
  time_zone text not null,
  catch_up text not null,
  starts_at timestamptz,
  ends_at timestamptz,
  masks text[],
  anchor_at timestamptz not null,
  next_run_at timestamptz,
  retry_at timestamptz,
  caught_up integer not null default 0,
  last_run_at timestamptz,
  last_job_id uuid,
  last_error jsonb,
  paused_at timestamptz,
  paused_by text,
  created_at timestamptz not null,
  created_by text not null,
  constraint check_schedules_name check (name ~ '^[A-Za-z0-9_.:-]{1,100}$'),
  constraint check_schedules_timing check ((cron is null) <> (every is null) and (cron is null) = (masks is null)),
  constraint check_schedules_catch_up check (catch_up in ('none', 'last', 'all')),
  constraint check_schedules_paused_at check (paused_at is null or next_run_at is null),
  constraint check_schedules_next_run_at check (next_run_at > last_run_at) -- no tick comes twice
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 500);
create index index_schedules_next_run_at on taskq_private.schedules (next_run_at);
comment on table taskq_private.schedules is 'What is submitted again and again. A tick and its job are one transaction under the lock of this row.';
comment on column taskq_private.schedules.name is 'Its name.';
comment on column taskq_private.schedules.job is 'What each tick submits, as submit_each takes it.';
comment on column taskq_private.schedules.cron is 'When, as five fields; null where every says it.';
comment on column taskq_private.schedules.every is 'How often, in time that passes; null where cron says it.';
comment on column taskq_private.schedules.time_zone is 'Whose clocks cron is about.';
comment on column taskq_private.schedules.catch_up is 'What becomes of ticks that nobody was there for: none, last or all.';
comment on column taskq_private.schedules.starts_at is 'No tick comes before this.';
comment on column taskq_private.schedules.ends_at is 'No tick comes after this.';
comment on column taskq_private.schedules.masks is 'cron as read_cron() reads it.';
comment on column taskq_private.schedules.anchor_at is 'Where every counts from.';
comment on column taskq_private.schedules.next_run_at is 'The first tick that has not been fired; null while paused, and when it has ended.';
comment on column taskq_private.schedules.retry_at is 'It could not be fired at all: when it is tried again.';
comment on column taskq_private.schedules.caught_up is 'How many missed ticks have been fired since it was last on time.';
comment on column taskq_private.schedules.last_run_at is 'The last tick that was fired.';
comment on column taskq_private.schedules.last_job_id is 'The last job that a tick submitted.';
comment on column taskq_private.schedules.last_error is 'What the last tick was refused with; null where it made a job.';
comment on column taskq_private.schedules.paused_at is 'Since when it is paused.';
comment on column taskq_private.schedules.paused_by is 'Who paused it.';
comment on column taskq_private.schedules.created_at is 'When it was made.';
comment on column taskq_private.schedules.created_by is 'Who made it.';


--! Included 0_base/cron_mask.sql
-- One of the five fields as a row of 0 and 1, the first of them for the lowest value: what comes next is then found by strpos(). A week
-- may end on a Sunday, so SUN is 7 at the end of a range, and 7 is 0 in the end.
-- Raises: TQ422, field cron.
create or replace function taskq_private.cron_mask(field text, given text, lowest integer, highest integer, names text[] default '{}')
returns text
language plpgsql
immutable
as $$
declare
  v_item text;
  v_parts text[];
  v_from integer;
  v_to integer;
  v_values integer[] := '{}';
begin
  foreach v_item in array string_to_array(upper(given), ',') loop
    v_parts := regexp_match(v_item, '^(?:(\*)|([0-9]{1,4}|[A-Z]{3})(?:-([0-9]{1,4}|[A-Z]{3}))?)(?:/([0-9]{1,4}))?$');
    v_from := case when v_parts[1] = '*' then lowest when v_parts[2] ~ '^\d' then v_parts[2]::integer else array_position(names, v_parts[2]) - 1 + lowest end;
    v_to := case
      when v_parts[1] = '*' then highest
      when v_parts[3] is null then v_from
      when v_parts[3] ~ '^\d' then v_parts[3]::integer
      when field = 'day of week' and v_parts[3] = 'SUN' then 7
      else array_position(names, v_parts[3]) - 1 + lowest
    end;
    if (
      v_from between lowest and highest and v_to between v_from and highest
      and (v_parts[4] is null or v_parts[4]::integer > 0 and (v_parts[1] = '*' or v_parts[3] is not null))
    ) is not true then
      perform taskq_private.raise_error(taskq_private.invalid(
        'cron', format('"%s" is no %s of a cron expression', left(v_item, 50), field), 'TQ422',
        format(
          'The %s takes %s to %s%s, a range such as %s-%s, a step such as */%s, or a list of those with commas.', field, lowest, highest,
          case when cardinality(names) > 0 then format(' or %s to %s', names[1], names[cardinality(names)])
            when field = 'day of month' then ' or L, the last day' else '' end,
          lowest, lowest + 3, 2
        )
      ));
    end if;
    v_values := v_values || array(select generate_series(v_from, v_to, coalesce(v_parts[4]::integer, 1)));
  end loop;
  if field = 'day of week' then
    v_values := array(select v % 7 from unnest(v_values) as v);
    highest := 6;
  end if;
  return (select string_agg(case when n = any (v_values) then '1' else '0' end, '' order by n) from generate_series(lowest, highest) as n);
end;
$$;
comment on function taskq_private.cron_mask(text, text, integer, integer, text[]) is 'A field of a cron expression as a row of 0 and 1.';
--! EndIncluded 0_base/cron_mask.sql
--! Included 0_base/read_cron.sql
-- {minutes from 0, hours from 0, days of the month from 1 with L as the 32nd, months from 1, days of the week from Sunday, flags}. Flags: h,
-- the hour is written with a star, so it counts in hours that pass and not in hours that a clock on the wall shows; e, both days
-- are restricted, and either will do. As in Vixie's cron, what begins with a star (*/2 too) is no restriction.
-- Raises: TQ422, field cron, naming the part and what it takes.
create or replace function taskq_private.read_cron(cron text)
returns text[]
language plpgsql
immutable
as $$
declare
  v_cron text := regexp_replace(cron, '^\s+|\s+$', '', 'g');
  v_parts text[] := regexp_split_to_array(coalesce(
    '{"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *"}'::jsonb ->> lower(v_cron),
    v_cron
  ), '\s+');
  v_days text[];
  v_masks text[];
begin
  if length(cron) > 500 or cardinality(v_parts) is distinct from 5 then
    perform taskq_private.raise_error(taskq_private.invalid(
      'cron', format('"%s" is no cron expression of five fields', left(cron, 50)), 'TQ422',
      'Give minute, hour, day of month, month and day of week, as in "30 2 * * MON-FRI", or @hourly, @daily, @weekly, @monthly, @yearly.'
    ));
  end if;
  v_days := string_to_array(upper(v_parts[3]), ',');
  v_masks := array[
    taskq_private.cron_mask('minute', v_parts[1], 0, 59),
    taskq_private.cron_mask('hour', v_parts[2], 0, 23),
    taskq_private.cron_mask('day of month', array_to_string(array_remove(v_days, 'L'), ','), 1, 31) || case when 'L' = any (v_days) then '1' else '0' end,
    taskq_private.cron_mask('month', v_parts[4], 1, 12, '{JAN,FEB,MAR,APR,MAY,JUN,JUL,AUG,SEP,OCT,NOV,DEC}'),
    taskq_private.cron_mask('day of week', v_parts[5], 0, 7, '{SUN,MON,TUE,WED,THU,FRI,SAT}')
  ];
  v_masks[6] := concat(
    case when v_parts[2] ~ '^\*' or v_masks[2] !~ '0' then 'h' end,
    case when v_parts[3] !~ '^\*' and v_parts[5] !~ '^\*' then 'e' end
  );
  if taskq_private.next_cron_day(v_masks, date '2000-01-01') is null then
    perform taskq_private.raise_error(taskq_private.invalid(
      'cron', format('"%s" never comes: no such month has such a day', left(cron, 50)), 'TQ422', 'February has at most 29 days; April, June, September and November have 30.'
    ));
  end if;
  return v_masks;
end;
$$;
comment on function taskq_private.read_cron(text) is 'A cron expression as rows of 0 and 1, one for each field, and its flags.';
--! EndIncluded 0_base/read_cron.sql
--! Included 0_base/next_cron_day.sql
-- Month by month, and only through months that are asked for. A 29 February on a given day of the week can be 40 years away, so 48 years
-- are looked through; what is not found then never comes.
create or replace function taskq_private.next_cron_day(masks text[], from_day date)
returns date
language plpgsql
immutable
as $$
declare
  v_first date := date_trunc('month', from_day::timestamp); -- of the month that is looked through
  v_end date := v_first + 48 * 366;
  v_is_either boolean := masks[6] like '%e%';
  v_day integer := from_day - v_first + 1;
  v_length integer;
  v_weekday integer; -- of the first
  v_months integer;
  v_is_day boolean;
  v_is_weekday boolean;
begin
  while v_first < v_end loop
    v_months := strpos(substr(masks[4] || masks[4], extract(month from v_first)::integer), '1') - 1;
    if v_months > 0 then
      v_first := v_first + make_interval(months => v_months);
      v_day := 1;
    end if;
    v_length := (v_first + interval '1 month')::date - v_first;
    v_weekday := extract(dow from v_first);
    for v_n in v_day .. v_length loop
      v_is_day := substr(masks[3], v_n, 1) = '1' or v_n = v_length and substr(masks[3], 32) = '1';
      v_is_weekday := substr(masks[5], (v_weekday + v_n - 1) % 7 + 1, 1) = '1';
      if v_is_day and v_is_weekday or v_is_either and (v_is_day or v_is_weekday) then
        return v_first + v_n - 1;
      end if;
    end loop;
    v_first := v_first + interval '1 month';
    v_day := 1;
  end loop;
  return null;
end;
$$;
comment on function taskq_private.next_cron_day(text[], date) is 'The first day from this one on that a cron expression asks for; null if none ever comes.';
--! EndIncluded 0_base/next_cron_day.sql
--! Included 0_base/next_wall_time.sql
create or replace function taskq_private.next_wall_time(masks text[], after timestamp)
returns timestamp
language plpgsql
immutable
as $$
declare
  v_hour integer := extract(hour from after);
  v_skipped integer;
  v_day date := taskq_private.next_cron_day(masks, after::date);
begin
  if v_day = after::date then
    if substr(masks[2], v_hour + 1, 1) = '1' then
      v_skipped := strpos(substr(masks[1], extract(minute from after)::integer + 2), '1');
      if v_skipped > 0 then
        return date_trunc('minute', after) + make_interval(mins => v_skipped);
      end if;
    end if;
    v_skipped := strpos(substr(masks[2], v_hour + 2), '1');
    if v_skipped > 0 then
      return v_day + make_interval(hours => v_hour + v_skipped, mins => strpos(masks[1], '1') - 1);
    end if;
    v_day := taskq_private.next_cron_day(masks, v_day + 1);
  end if;
  return v_day + make_interval(hours => strpos(masks[2], '1') - 1, mins => strpos(masks[1], '1') - 1);
end;
$$;
comment on function taskq_private.next_wall_time(text[], timestamp) is 'The first minute after this one that a cron expression asks for, on a clock that is never changed; null if none ever comes.';
--! EndIncluded 0_base/next_wall_time.sql
--! Included 0_base/zone_offset.sql
create or replace function taskq_private.zone_offset(time_zone text, at timestamptz)
returns interval
language sql
stable
as $$
  select (at at time zone time_zone) - (at at time zone 'UTC');
$$;
comment on function taskq_private.zone_offset(text, timestamptz) is 'How far the clocks of a time zone are ahead of UTC at an instant.';
--! EndIncluded 0_base/zone_offset.sql
--! Included 0_base/clock_change.sql
-- PostgreSQL does not tell when the clocks of a zone are changed, so the instant is searched for by halves, to the second.
create or replace function taskq_private.clock_change(time_zone text, not_yet timestamptz, already timestamptz)
returns timestamptz
language plpgsql
stable
as $$
declare
  v_offset interval := taskq_private.zone_offset(time_zone, not_yet);
  v_middle timestamptz;
begin
  while already - not_yet > interval '1 second' loop
    v_middle := not_yet + make_interval(secs => extract(epoch from already - not_yet)::float8 / 2);
    if taskq_private.zone_offset(time_zone, v_middle) = v_offset then
      not_yet := v_middle;
    else
      already := v_middle;
    end if;
  end loop;
  return date_trunc('second', already);
end;
$$;
comment on function taskq_private.clock_change(text, timestamptz, timestamptz) is 'When the clocks of a time zone are changed between two instants.';
--! EndIncluded 0_base/clock_change.sql
--! Included 0_base/wall_instant.sql
-- The first of the two instants at which a clock on the wall shows this, where it was put back; the first after the gap, where it was put
-- forward past this. PostgreSQL takes the second of two, and counts on from before a gap.
create or replace function taskq_private.wall_instant(time_zone text, wall timestamp)
returns timestamptz
language plpgsql
stable
as $$
declare
  v_last timestamptz := wall at time zone time_zone;
  v_shown timestamp := v_last at time zone time_zone;
  v_first timestamptz;
begin
  if v_shown <> wall then
    return taskq_private.clock_change(time_zone, v_last - (v_shown - wall), v_last);
  end if;
  v_first := (wall - taskq_private.zone_offset(time_zone, v_last - interval '24 hours')) at time zone 'UTC';
  if v_first < v_last and v_first at time zone time_zone = wall then
    return v_first;
  end if;
  return v_last;
end;
$$;
comment on function taskq_private.wall_instant(text, timestamp) is 'When the clocks of a time zone first show this, or would have.';
--! EndIncluded 0_base/wall_instant.sql
--! Included 0_base/next_cron_tick.sql
-- A cron with fixed hours means what clocks show: each of its times comes once a day, right after the gap where clocks skip it, and at the
-- first of two where they show it twice. One whose hour is a star means time that passes: it comes whenever clocks show its minute.
create or replace function taskq_private.next_cron_tick(masks text[], time_zone text, after timestamptz)
returns timestamptz
language plpgsql
stable
as $$
declare
  v_wall timestamp := date_trunc('minute', after at time zone time_zone);
  v_is_by_clocks boolean := masks[6] not like '%h%';
  v_offset interval := taskq_private.zone_offset(time_zone, after);
  v_after timestamptz := after;
  v_tick timestamptz;
begin
  if not v_is_by_clocks and taskq_private.zone_offset(time_zone, after + interval '24 hours') < v_offset then
    -- clocks will soon be put back: what comes before that; else what they show from then on, all of it again
    v_tick := (taskq_private.next_wall_time(masks, v_wall) - v_offset) at time zone 'UTC';
    v_after := taskq_private.clock_change(time_zone, after, after + interval '24 hours');
    if v_tick < v_after then
      return v_tick;
    end if;
    v_wall := date_trunc('minute', v_after at time zone time_zone) - interval '1 minute';
    v_after := v_after - interval '1 microsecond';
  end if;
  loop
    v_wall := taskq_private.next_wall_time(masks, v_wall);
    v_tick := taskq_private.wall_instant(time_zone, v_wall);
    if v_wall is null or v_is_by_clocks and v_tick > v_after then
      return v_tick;
    elsif not v_is_by_clocks and v_wall at time zone time_zone at time zone time_zone = v_wall then
      return case when v_tick > v_after then v_tick else v_wall at time zone time_zone end;
    end if;
  end loop;
end;
$$;
comment on function taskq_private.next_cron_tick(text[], text, timestamptz) is 'When a cron expression comes next in a time zone; null if never.';
--! EndIncluded 0_base/next_cron_tick.sql
--! Included 0_base/next_tick.sql
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
--! EndIncluded 0_base/next_tick.sql
--! Included 0_base/time_zone_error.sql
-- PostgreSQL takes "Nowhere5" for a zone too (POSIX), and PST for a fixed offset. What has a slash and no digit can only be a zone's
-- name; the list of all names, which takes 30 ms, is only asked about others. An exception is the one way to ask for a single name.
create or replace function taskq_private.time_zone_error(time_zone text)
returns jsonb
language plpgsql
stable
as $$
begin
  if time_zone ~ '^[A-Za-z_]+(/[A-Za-z_-]+)+$' then
    begin
      perform taskq_private.clock() at time zone time_zone;
      return null;
    exception
      when invalid_parameter_value then null;
    end;
  elsif time_zone = 'UTC' or exists (select from pg_timezone_names as z where z.name = time_zone) then
    return null;
  end if;
  return taskq_private.invalid('time_zone', format('no time zone "%s"', left(time_zone, 100)), 'TQ422', 'Give a name such as Europe/Berlin: select name from pg_timezone_names.');
end;
$$;
comment on function taskq_private.time_zone_error(text) is 'What is wrong with the name of a time zone, as an error value; null for a good one.';
--! EndIncluded 0_base/time_zone_error.sql
--! Included 3_claim/take_jobs.sql
-- Moves the chosen rows into a new claim and reads what the worker needs to run them.
-- Locks: ready rows at the heads of the chosen lanes, skipping those that a rival is taking.
create or replace function taskq_private.take_jobs(
  worker taskq_private.workers, max_jobs integer, out claim_id bigint, out jobs json
)
language plpgsql
volatile
as $$
declare
  v_now timestamptz;
  v_chosen record;
  v_taken record;
  v_expires_at timestamptz;
begin
  v_chosen := taskq_private.plan_claim(worker, max_jobs, true);
  if v_chosen.lane_ids is null then
    return;
  end if;

  select array_agg(head.row_id) as row_ids, array_agg(head.job_id) as job_ids, array_agg(head.lane_id) as lane_ids, array_agg(head.attempt) as attempts
  into v_taken
  from (
    select r.*
    from unnest(v_chosen.lane_ids, v_chosen.job_counts, v_chosen.handicaps, v_chosen.starts) as chosen (lane_id, job_count, handicap, start)
    cross join lateral (
      select r.ctid as row_id, r.job_id, r.lane_id, r.attempt, r.ready_at
      from taskq_private.ready_jobs as r
      where r.lane_id = chosen.lane_id and r.ready_at >= chosen.start and (v_chosen.job_ids is null and r.ready_at < 'infinity' or r.job_id = any (v_chosen.job_ids))
      order by r.ready_at, r.job_id
      limit chosen.job_count
      for update skip locked
    ) as r
    order by r.ready_at + chosen.handicap, r.ready_at, r.job_id
  ) as head;
  if v_taken.job_ids is null then
    return;
  end if;

  v_now := taskq_private.clock(); -- not before: what has just ended and made one of these ready has ended before they start
  if v_chosen.has_needs and exists (select from taskq_private.resource_pools as p where p.refill_per_second is not null) then
    perform taskq_private.spend_tokens(v_taken.lane_ids);
  end if;
  if exists (select from taskq_private.reservations) then
    perform taskq_private.end_reservations(worker.worker_id, v_taken.job_ids);
  end if;
  delete from taskq_private.ready_jobs as r where r.ctid = any (v_taken.row_ids);

  select json_agg(row_to_json(j)), v_now + min(j.timeout_seconds) * interval '1 second' + taskq_private.timeout_grace()
  into jobs, v_expires_at
  from (
    select s.job_id, l.type, l.queue, t.attempt, s.max_attempts, s.timeout_seconds, s.payload, s.trace_context
    from unnest(v_taken.job_ids, v_taken.lane_ids, v_taken.attempts) as t (job_id, lane_id, attempt)
    cross join lateral (select * from taskq_private.job_specs as s where s.job_id = t.job_id offset 0) as s -- never by a hash of all
    join taskq_private.lanes as l on l.lane_id = t.lane_id
  ) as j;

  perform taskq_private.start_timeline();
  insert into taskq_private.claims (worker_id, claimed_at, expires_at, job_ids, lane_ids, attempts)
  values (worker.worker_id, v_now, v_expires_at, v_taken.job_ids, v_taken.lane_ids, v_taken.attempts)
  returning claims.claim_id into take_jobs.claim_id;
  if exists (select from taskq_private.suspects) then
    update taskq_private.suspects as s set claim_id = take_jobs.claim_id where s.job_id = any (v_taken.job_ids);
  end if;

  perform taskq_private.record_event('job_started', v_taken.job_ids, v_taken.lane_ids, v_taken.attempts);
end;
$$;
comment on function taskq_private.take_jobs(taskq_private.workers, integer) is 'Claims the best jobs that fit; nothing comes back when there are none.';
--! EndIncluded 3_claim/take_jobs.sql
--! Included 7_operate/tick.sql
-- Everything that time does: schedules, due jobs, lost workers, timeouts, what large graphs left over, retention. Any process may call it at any time; one gets
-- through. Bounded: what is left over is done by the next call.
-- Locks: the settings' row, which nobody but this schema's functions can hold (an advisory lock is anybody's to take); last, now and
-- then for a moment, the tables of history.
create or replace function taskq.tick(
  out ran boolean, out promoted integer, out lost_workers integer, out expired_attempts integer, out deleted_jobs integer,
  out folded_workflows integer
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  perform from taskq_private.settings for update skip locked;
  ran := found;
  if not ran then
    return;
  end if;
  lost_workers := taskq_private.rescue_lost_workers();
  perform taskq_private.clear_suspects();
  expired_attempts := taskq_private.expire_attempts();
  perform taskq_private.fire_schedules();
  promoted := taskq_private.promote_due_jobs(10000);
  if promoted > 0 then
    perform taskq_private.hint('ready');
  end if;
  for v_i in 1 .. 5 loop
    exit when not taskq_private.settle_chunk();
  end loop;
  for v_i in 1 .. 5 loop
    exit when not taskq_private.cancel_workflows();
  end loop;
  folded_workflows := taskq_private.fold_workflow_counts(10000);
  perform taskq_private.measure_types();
  deleted_jobs := taskq_private.delete_expired(1000);
  perform taskq_private.keep_history();
end;
$$;
comment on function taskq.tick() is
  'Does what is due: submits the jobs of schedules, makes due jobs ready, gives the jobs of lost workers to others, ends attempts that outran their timeout, goes on with what was left of large graphs, brings workflows up to date, deletes what has been kept long enough. Servers and workers call it each second; pg_cron or psql may too. ran is false when another session is at it.';
--! EndIncluded 7_operate/tick.sql
--! Included 7_operate/fire_schedules.sql
-- nothing -> ready. What is due is fired in one batch. Where that ends with an error (a time zone that this server no longer has), each
-- is fired by itself, so that one schedule keeps no other waiting, nor the tick that this is part of.
-- Calls: fire_due.
create or replace function taskq_private.fire_schedules(max_schedules integer default 1000)
returns integer
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_first timestamptz := taskq_private.first_tick_at();
  v_name text;
  v_fired integer := 0;
  v_names text[];
begin
  if (v_first <= v_now) is not true then
    return 0; -- as almost always
  end if;
  v_names := array(
    select s.name
    from taskq_private.schedules as s
    where s.next_run_at between v_first and v_now and (s.retry_at <= v_now) is not false
    order by s.next_run_at
    limit max_schedules
  );
  if v_names = '{}' then
    return 0;
  end if;
  begin
    return taskq_private.fire_due(v_names, v_now);
  exception
    when others then
      if sqlstate ~ '^(40|53|55|57|58)' then -- not of a schedule's making: the whole tick is tried again
        raise;
      end if;
  end;
  foreach v_name in array v_names loop
    begin
      v_fired := v_fired + taskq_private.fire_due(array[v_name], v_now);
    exception
      when others then
        if sqlstate ~ '^(40|53|55|57|58)' then
          raise;
        end if;
        perform taskq_private.defer_schedule(v_name, jsonb_build_object('code', sqlstate, 'message', sqlerrm));
    end;
  end loop;
  return v_fired;
end;
$$;
comment on function taskq_private.fire_schedules(integer) is 'Submits the jobs of schedules whose time has come; answers how many.';
--! EndIncluded 7_operate/fire_schedules.sql
--! Included 7_operate/first_tick_at.sql
-- As first_due_at() does: while an old snapshot is held somewhere, each tick that was fired leaves a row behind that cannot be removed, so a look
-- that read much is remembered by this session, and the next ones begin a tenth of a second before it.
create or replace function taskq_private.first_tick_at()
returns timestamptz
language plpgsql
volatile
as $$
declare
  v_began timestamptz := taskq_private.clock();
  v_read bigint := pg_stat_get_xact_blocks_fetched('taskq_private.schedules'::regclass);
  v_floor jsonb := taskq_private.session_floor('taskq.tick_floor');
  v_at timestamptz := to_timestamp((v_floor ->> 'at')::float8);
  v_tick_at timestamptz := (
    select min(s.next_run_at)
    from taskq_private.schedules as s
    where s.next_run_at >= case when v_at <= v_began then v_at else '-infinity' end -- a clock that was put back makes it worthless
  );
begin
  if pg_stat_get_xact_blocks_fetched('taskq_private.schedules'::regclass) - v_read > 16 then
    perform taskq_private.keep_floor('taskq.tick_floor', v_floor, v_began, jsonb_build_object(
      'at', extract(epoch from least(v_tick_at, v_began) - interval '100 milliseconds')
    ));
  end if;
  return v_tick_at;
end;
$$;
comment on function taskq_private.first_tick_at() is 'When the first schedule is due; null when none will be.';
--! EndIncluded 7_operate/first_tick_at.sql
--! Included 7_operate/fire_due.sql
-- A tick and its job are one transaction: next_run_at goes on in the one that submits, under the lock of the schedule's row, so each tick has
-- exactly one job, whoever else is firing and wherever this one is killed.
-- Calls: due_ticks, submit_each, note_fired. Locks: the schedules, by name, skipping those that are in hand; then what a submit locks.
create or replace function taskq_private.fire_due(names text[], fired_at timestamptz)
returns integer
language plpgsql
volatile
as $$
declare
  v_schedule taskq_private.schedules;
  v_max_ticks integer := least(100, 1000 / cardinality(names) + 1); -- 2000 jobs in all
  v_plan record;
  v_tick timestamptz;
  v_fired taskq_private.schedules[] := '{}';
  v_requests jsonb[] := '{}';
  v_skipped jsonb := '{}';
begin
  for v_schedule in
    select s.*
    from taskq_private.schedules as s
    where s.name = any (names) and s.next_run_at <= fired_at
    order by s.name
    for update skip locked
  loop
    v_plan := taskq_private.due_ticks(v_schedule, fired_at, v_max_ticks);
    foreach v_tick in array v_plan.ticks loop -- one by one: an array that is joined to another is copied
      v_requests := v_requests || taskq_private.scheduled_request(v_schedule.name, v_schedule.job, v_tick, v_plan.missed_since);
    end loop;
    if v_plan.skipped_from is not null then
      v_skipped := v_skipped || jsonb_build_object(v_schedule.name, v_plan.skipped_from);
    end if;
    v_schedule.last_run_at := coalesce(v_plan.ticks[cardinality(v_plan.ticks)], v_schedule.last_run_at);
    v_schedule.next_run_at := v_plan.next_run_at;
    v_schedule.caught_up := v_plan.caught_up;
    v_fired := v_fired || v_schedule;
  end loop;
  return taskq_private.note_fired(v_fired, v_requests, v_skipped);
end;
$$;
comment on function taskq_private.fire_due(text[], timestamptz) is 'Fires these schedules, as far as they are due and nobody else has them in hand; answers how many jobs.';
--! EndIncluded 7_operate/fire_due.sql
--! Included 7_operate/due_ticks.sql
-- Ticks that are up to 10 seconds late count as on time, and each gets its job whatever catch_up says: schedulers come by once a second. Older
-- ones were missed: none skips them; last makes one job of them, unless a later tick is there in time; all makes a job of each, the
-- oldest first, up to 1000 until it is on time again, so that a year of minutes does not drown the queue.
create or replace function taskq_private.due_ticks(
  schedule taskq_private.schedules, fired_at timestamptz, max_ticks integer,
  out ticks timestamptz[], out missed_since timestamptz, out skipped_from timestamptz, out next_run_at timestamptz, out caught_up integer
)
language plpgsql
stable
as $$
declare
  v_late timestamptz := fired_at - interval '10 seconds'; -- a tick before this was missed
begin
  ticks := '{}';
  next_run_at := schedule.next_run_at;
  caught_up := schedule.caught_up;
  if schedule.catch_up = 'all' then
    while next_run_at < v_late and caught_up < 1000 and cardinality(ticks) < max_ticks loop
      ticks := ticks || next_run_at;
      caught_up := caught_up + 1;
      next_run_at := taskq_private.tick_after(schedule, next_run_at);
    end loop;
    if next_run_at < v_late and caught_up < 1000 then
      return; -- the next call goes on
    end if;
  end if;
  if next_run_at < v_late then
    skipped_from := next_run_at;
    next_run_at := taskq_private.tick_after(schedule, v_late - interval '1 microsecond');
    if schedule.catch_up = 'last' and (next_run_at <= fired_at) is not true then
      ticks := array[taskq_private.last_tick(schedule, skipped_from, v_late)];
      missed_since := skipped_from;
      skipped_from := null;
    end if;
  end if;
  caught_up := 0;
  while next_run_at <= fired_at and cardinality(ticks) < max_ticks loop
    ticks := ticks || next_run_at;
    next_run_at := taskq_private.tick_after(schedule, next_run_at);
  end loop;
end;
$$;
comment on function taskq_private.due_ticks(taskq_private.schedules, timestamptz, integer) is
  'The ticks of a schedule that get a job now, and the one after; missed_since is the first tick that a job stands for, skipped_from the first that gets none.';
--! EndIncluded 7_operate/due_ticks.sql
--! Included 7_operate/tick_after.sql
create or replace function taskq_private.tick_after(schedule taskq_private.schedules, after timestamptz)
returns timestamptz
language plpgsql
stable
as $$
declare
  v_tick timestamptz := taskq_private.next_tick(
    schedule.masks, schedule.every, schedule.anchor_at, schedule.time_zone, greatest(after, schedule.starts_at - interval '1 microsecond')
  );
begin
  return case when schedule.ends_at is null or v_tick <= schedule.ends_at then v_tick end;
end;
$$;
comment on function taskq_private.tick_after(taskq_private.schedules, timestamptz) is 'The first tick of a schedule after an instant; null if it has none.';
--! EndIncluded 7_operate/tick_after.sql
--! Included 7_operate/last_tick.sql
-- By halves: there may be a million ticks in between. No two are less than a second apart.
create or replace function taskq_private.last_tick(schedule taskq_private.schedules, known_tick timestamptz, until timestamptz)
returns timestamptz
language plpgsql
stable
as $$
declare
  v_next timestamptz;
  v_middle timestamptz;
begin
  while until - known_tick >= interval '1 second' loop
    v_middle := known_tick + make_interval(secs => extract(epoch from until - known_tick)::float8 / 2);
    v_next := taskq_private.tick_after(schedule, v_middle);
    if v_next <= until then
      known_tick := v_next;
    else
      until := v_middle;
    end if;
  end loop;
  v_next := taskq_private.tick_after(schedule, known_tick);
  return case when v_next <= until then v_next else known_tick end;
end;
$$;
comment on function taskq_private.last_tick(taskq_private.schedules, timestamptz, timestamptz) is 'The last tick of a schedule from one that is known up to an instant.';
--! EndIncluded 7_operate/last_tick.sql
--! Included 7_operate/scheduled_request.sql
create or replace function taskq_private.scheduled_request(name text, job jsonb, scheduled_for timestamptz, missed_since timestamptz)
returns jsonb
language sql
stable
as $$
  select job || jsonb_build_object(
    'created_by', 'schedule:' || name,
    'metadata', coalesce(job -> 'metadata', '{}') || jsonb_strip_nulls(jsonb_build_object(
      'schedule', name,
      'scheduled_for', to_char(scheduled_for at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'missed_since', to_char(missed_since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    ))
  );
$$;
comment on function taskq_private.scheduled_request(text, jsonb, timestamptz, timestamptz) is 'What one tick of a schedule submits.';
--! EndIncluded 7_operate/scheduled_request.sql
--! Included 7_operate/note_fired.sql
-- A job that is refused (its type's schema has changed) is its schedule's last_error, and in the audit log when that is a new one; the
-- schedule goes on with its next tick.
create or replace function taskq_private.note_fired(fired taskq_private.schedules[], requests jsonb[], skipped jsonb)
returns integer
language plpgsql
volatile
as $$
declare
  v_submitted integer;
begin
  with answer as materialized (
    select r.request -> 'metadata' ->> 'schedule' as name, a."position", a.job_id, a.error
    from taskq.submit_each(to_jsonb(requests)) as a
    join unnest(requests) with ordinality as r (request, ordinality) on r.ordinality = a."position" + 1
  ), outcome as materialized (
    select
      a.name, count(a.job_id) as submitted,
      (array_agg(a.job_id order by a."position" desc) filter (where a.job_id is not null))[1] as job_id,
      (array_agg(a.error order by a."position" desc))[1] as error
    from answer as a
    group by a.name
  ), noted as (
    update taskq_private.schedules as s
    set next_run_at = f.next_run_at, last_run_at = f.last_run_at, caught_up = f.caught_up, retry_at = null, last_job_id = coalesce(o.job_id, f.last_job_id),
      last_error = case when o.name is null then f.last_error else o.error end
    from unnest(fired) as f
    left join outcome as o on o.name = f.name
    where s.name = f.name
    returning s.name, s.next_run_at, s.last_error, s.last_error is distinct from f.last_error as is_new
  ), audited as (
    insert into taskq_private.audit_log (at, actor, action, target, details)
    select taskq_private.clock(), taskq_private.actor(), 'fire_schedule', n.name, jsonb_strip_nulls(jsonb_build_object(
      'error', case when n.is_new then n.last_error end, 'skipped_from', skipped -> n.name, 'next_run_at', n.next_run_at
    ))
    from noted as n
    where n.is_new and n.last_error is not null or skipped ? n.name
  )
  select coalesce(sum(o.submitted), 0) into v_submitted from outcome as o;
  return v_submitted;
end;
$$;
comment on function taskq_private.note_fired(taskq_private.schedules[], jsonb[], jsonb) is 'Submits what schedules ask for and writes down in each what became of it; answers how many jobs.';
--! EndIncluded 7_operate/note_fired.sql
--! Included 7_operate/defer_schedule.sql
create or replace function taskq_private.defer_schedule(name text, error jsonb)
returns void
language plpgsql
volatile
as $$
declare
  v_known jsonb;
begin
  select s.last_error into v_known from taskq_private.schedules as s where s.name = defer_schedule.name for update;
  update taskq_private.schedules as s
  set last_error = error, retry_at = taskq_private.clock() + interval '1 minute'
  where s.name = defer_schedule.name;
  if v_known is distinct from error then
    perform taskq_private.record_audit('fire_schedule', defer_schedule.name, jsonb_build_object('error', error));
  end if;
end;
$$;
comment on function taskq_private.defer_schedule(text, jsonb) is 'Leaves a schedule that cannot be fired at all for a minute; its tick stays due.';
--! EndIncluded 7_operate/defer_schedule.sql
--! Included 7_operate/set_schedule.sql
-- Set again with the same timing, as each start of an application may do, it keeps its place: a tick that is due is not lost, and one
-- that has been is not repeated. With another timing it goes on after now.
-- Locks: the schedule. Raises: TQ422, fields of the job as job.type.
create or replace function taskq.set_schedule(
  name text, job jsonb, cron text default null, every interval default null, time_zone text default 'UTC', catch_up text default 'last',
  starts_at timestamptz default null, ends_at timestamptz default null, out next_run_at timestamptz
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
  v_new taskq_private.schedules := taskq_private.read_timing(cron, every, coalesce(time_zone, 'UTC'), starts_at, ends_at, v_now);
  v_old taskq_private.schedules;
begin
  perform taskq_private.check_schedule(set_schedule.name, coalesce(catch_up, 'last'), v_new);
  v_new.name := set_schedule.name;
  v_new.job := taskq_private.check_scheduled_job(set_schedule.name, set_schedule.job, v_now);
  v_new.catch_up := coalesce(catch_up, 'last');
  v_new.created_at := v_now;
  v_new.created_by := taskq_private.actor();
  v_new.caught_up := 0;
  loop
    insert into taskq_private.schedules select v_new.* on conflict do nothing;
    exit when found;
    select * into v_old from taskq_private.schedules as s where s.name = set_schedule.name for update;
    continue when not found; -- deleted between the two statements
    if v_old.every is not distinct from v_new.every and v_old.starts_at is not distinct from v_new.starts_at then
      v_new.anchor_at := v_old.anchor_at;
    end if;
    v_new.next_run_at := case
      when v_old.paused_at is not null then null
      when (v_old.masks, v_old.every, v_old.time_zone, v_old.starts_at, v_old.ends_at, v_old.anchor_at)
        is not distinct from (v_new.masks, v_new.every, v_new.time_zone, v_new.starts_at, v_new.ends_at, v_new.anchor_at) then v_old.next_run_at
      else taskq_private.tick_after(v_new, greatest(v_now, v_old.last_run_at))
    end;
    update taskq_private.schedules as s
    set job = v_new.job, cron = v_new.cron, every = v_new.every, time_zone = v_new.time_zone, catch_up = v_new.catch_up, starts_at = v_new.starts_at,
      ends_at = v_new.ends_at, masks = v_new.masks, anchor_at = v_new.anchor_at, next_run_at = v_new.next_run_at, retry_at = null
    where s.name = set_schedule.name;
    exit;
  end loop;
  perform taskq_private.record_audit('set_schedule', set_schedule.name, jsonb_strip_nulls(jsonb_build_object(
    'cron', v_new.cron, 'every', v_new.every, 'time_zone', v_new.time_zone, 'catch_up', v_new.catch_up, 'type', v_new.job -> 'type', 'next_run_at', v_new.next_run_at
  )));
  next_run_at := v_new.next_run_at;
end;
$$;
comment on function taskq.set_schedule(text, jsonb, text, interval, text, text, timestamptz, timestamptz) is
  'Makes a schedule, or changes one that is there: job, as POST /jobs takes it, is submitted at each tick of cron (five fields, or @daily) in a time zone, or every so often. Answers when it runs next. catch_up says what becomes of ticks that nobody was there for: none, last (one job for all of them) or all. A job with a concurrency_key does not run beside the one before. Example: select taskq.set_schedule(''nightly'', ''{"type": "echo"}'', cron => ''30 2 * * *'', time_zone => ''Europe/Berlin'').';
--! EndIncluded 7_operate/set_schedule.sql
--! Included 7_operate/read_timing.sql
-- Raises: TQ422, naming the field.
create or replace function taskq_private.read_timing(
  cron text, every interval, time_zone text, starts_at timestamptz, ends_at timestamptz, read_at timestamptz
)
returns taskq_private.schedules
language plpgsql
stable
as $$
declare
  v_timing taskq_private.schedules;
  v_seconds numeric := extract(epoch from every);
begin
  if (cron is null) = (every is null) then
    perform taskq_private.raise_error(taskq_private.invalid('cron', 'a schedule has either cron or every', 'TQ422', 'Give one of the two: cron => ''30 2 * * *'' or every => ''5 minutes''.'));
  end if;
  if extract(year from every) <> 0 or extract(month from every) <> 0 or not (v_seconds between 1 and 315360000 and v_seconds * 1000 % 1 = 0) then
    perform taskq_private.raise_error(taskq_private.invalid('every', 'every must be from 1 second to 3650 days, whole milliseconds', 'TQ422', 'Months differ in length: for those, give cron, such as "0 0 1 * *".'));
  end if;
  if starts_at >= timestamptz '10000-01-01Z' or ends_at >= timestamptz '10000-01-01Z' or starts_at = '-infinity' or ends_at = '-infinity' then
    perform taskq_private.raise_error(taskq_private.invalid(
      case when starts_at >= timestamptz '10000-01-01Z' or starts_at = '-infinity' then 'starts_at' else 'ends_at' end,
      'a schedule begins and ends before the year 10000', 'TQ422', 'Leave it out for a schedule without such an end.'
    ));
  end if;
  perform taskq_private.raise_error(e) from taskq_private.time_zone_error(time_zone) as e where e is not null;
  v_timing.cron := regexp_replace(cron, '^\s+|\s+$', '', 'g');
  v_timing.masks := case when cron is not null then taskq_private.read_cron(cron) end;
  v_timing.every := make_interval(secs => v_seconds::float8); -- a day of every is 24 hours
  v_timing.time_zone := time_zone;
  v_timing.starts_at := date_trunc('milliseconds', starts_at);
  v_timing.ends_at := ends_at;
  v_timing.anchor_at := coalesce(v_timing.starts_at, date_trunc('second', read_at));
  v_timing.next_run_at := taskq_private.tick_after(v_timing, read_at);
  return v_timing;
end;
$$;
comment on function taskq_private.read_timing(text, interval, text, timestamptz, timestamptz, timestamptz) is 'A schedule that has only a timing yet, and its first tick after an instant.';
--! EndIncluded 7_operate/read_timing.sql
--! Included 7_operate/check_schedule.sql
-- Raises: TQ422, naming the field.
create or replace function taskq_private.check_schedule(name text, catch_up text, timing taskq_private.schedules)
returns void
language plpgsql
stable
as $$
begin
  if (name ~ '^[A-Za-z0-9_.:-]{1,100}$') is not true then
    perform taskq_private.raise_error(taskq_private.invalid('name', 'name must be 1 to 100 of A-Z a-z 0-9 _ . : -'));
  end if;
  if catch_up not in ('none', 'last', 'all') then
    perform taskq_private.raise_error(taskq_private.invalid('catch_up', format('"%s" is no way to catch up', left(catch_up, 50)), 'TQ422', 'Give none, last (one job for all ticks that were missed) or all.'));
  end if;
  if timing.next_run_at is null then
    perform taskq_private.raise_error(taskq_private.invalid('ends_at', 'it would never run: it ends before its next tick', 'TQ422', 'Give a later ends_at, or none.'));
  end if;
end;
$$;
comment on function taskq_private.check_schedule(text, text, taskq_private.schedules) is 'Raises TQ422 for what cannot be a schedule.';
--! EndIncluded 7_operate/check_schedule.sql
--! Included 7_operate/check_scheduled_job.sql
-- By the same functions as a submit. Its lane is made here, so that no tick ever waits for a submit that makes the same one.
-- Raises: what a submit would, with job. before the field.
create or replace function taskq_private.check_scheduled_job(name text, job jsonb, checked_at timestamptz)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_job jsonb := (select coalesce(jsonb_object_agg(e.key, e.value), '{}') from jsonb_each(case jsonb_typeof(job) when 'object' then job end) as e where e.value <> 'null');
  v_own text := (select min(k) from jsonb_object_keys(v_job) as k where k in ('idempotency_key', 'depends_on', 'on_dependency_failure', 'run_at', 'created_by', 'trace_context'));
  v_checked taskq_private.submission[];
begin
  if jsonb_typeof(job) is distinct from 'object' then
    perform taskq_private.raise_error(taskq_private.invalid('job', 'job must be an object', 'TQ422', 'Give the job that each tick submits, such as {"type": "echo", "payload": {}}.'));
  end if;
  if v_own is not null then
    perform taskq_private.raise_error(taskq_private.invalid('job.' || v_own, format('the job of a schedule has no %s', v_own), 'TQ422', 'Leave it out: each tick submits a job of its own, at once, in the name of the schedule.'));
  end if;
  v_checked := taskq_private.check_payloads(taskq_private.read_requests(
    jsonb_build_array(taskq_private.scheduled_request(name, v_job, checked_at, checked_at)), checked_at
  ));
  if v_checked[1].error is not null then
    perform taskq_private.raise_error(v_checked[1].error || jsonb_build_object('field', 'job.' || (v_checked[1].error ->> 'field')));
  end if;
  perform taskq_private.intern_lanes(v_checked, checked_at);
  return v_job;
end;
$$;
comment on function taskq_private.check_scheduled_job(text, jsonb, timestamptz) is 'Raises what is wrong with the job of a schedule; answers it without its nulls.';
--! EndIncluded 7_operate/check_scheduled_job.sql
--! Included 7_operate/lock_schedule.sql
-- Raises: TQ404.
create or replace function taskq_private.lock_schedule(name text)
returns taskq_private.schedules
language plpgsql
volatile
as $$
declare
  v_schedule taskq_private.schedules;
begin
  select * into v_schedule from taskq_private.schedules as s where s.name = lock_schedule.name for update;
  if not found then
    raise exception 'no schedule "%"', left(lock_schedule.name, 100) using errcode = 'TQ404', hint = 'select name from taskq.schedules lists them.';
  end if;
  return v_schedule;
end;
$$;
comment on function taskq_private.lock_schedule(text) is 'A schedule, which nobody else changes or fires until the end of the transaction.';
--! EndIncluded 7_operate/lock_schedule.sql
--! Included 7_operate/delete_schedule.sql
-- Locks: the schedule. Raises: TQ404.
create or replace function taskq.delete_schedule(name text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.lock_schedule(delete_schedule.name);
  delete from taskq_private.schedules as s where s.name = delete_schedule.name;
  perform taskq_private.record_audit('delete_schedule', delete_schedule.name);
end;
$$;
comment on function taskq.delete_schedule(text) is 'Deletes a schedule; jobs that it has submitted stay.';
--! EndIncluded 7_operate/delete_schedule.sql
--! Included 7_operate/pause_schedule.sql
-- Locks: the schedule. Raises: TQ404.
create or replace function taskq.pause_schedule(name text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.lock_schedule(pause_schedule.name);
  update taskq_private.schedules as s
  set paused_at = coalesce(s.paused_at, taskq_private.clock()), paused_by = coalesce(s.paused_by, taskq_private.actor()), next_run_at = null
  where s.name = pause_schedule.name;
  perform taskq_private.record_audit('pause_schedule', pause_schedule.name);
end;
$$;
comment on function taskq.pause_schedule(text) is 'Stops a schedule until resume_schedule; ticks that pass meanwhile are skipped, whatever its catch_up. run_schedule still runs it.';
--! EndIncluded 7_operate/pause_schedule.sql
--! Included 7_operate/resume_schedule.sql
-- Locks: the schedule. Raises: TQ404.
create or replace function taskq.resume_schedule(name text, out next_run_at timestamptz)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_schedule taskq_private.schedules := taskq_private.lock_schedule(resume_schedule.name);
begin
  next_run_at := v_schedule.next_run_at;
  if v_schedule.paused_at is not null then
    next_run_at := taskq_private.tick_after(v_schedule, greatest(taskq_private.clock(), v_schedule.last_run_at));
    update taskq_private.schedules as s
    set paused_at = null, paused_by = null, next_run_at = resume_schedule.next_run_at, retry_at = null, caught_up = 0
    where s.name = resume_schedule.name;
  end if;
  perform taskq_private.record_audit('resume_schedule', resume_schedule.name);
end;
$$;
comment on function taskq.resume_schedule(text) is 'Lets a paused schedule go on with its first tick after now; answers when that is, null where it has ended.';
--! EndIncluded 7_operate/resume_schedule.sql
--! Included 7_operate/run_schedule.sql
-- Calls: submit_each. Raises: TQ404, and what a submit would.
create or replace function taskq.run_schedule(name text, out job_id uuid)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_schedule taskq_private.schedules := taskq_private.lock_schedule(run_schedule.name);
  v_job record;
begin
  select * into v_job from taskq.submit_each(jsonb_build_array(
    taskq_private.scheduled_request(v_schedule.name, v_schedule.job, null, null) || jsonb_build_object('created_by', taskq_private.actor())
  ));
  if v_job.error is not null then
    perform taskq_private.raise_error(v_job.error || jsonb_build_object('field', 'job.' || (v_job.error ->> 'field')));
  end if;
  job_id := v_job.job_id;
  perform taskq_private.record_audit('run_schedule', v_schedule.name, jsonb_build_object('job_id', job_id));
end;
$$;
comment on function taskq.run_schedule(text) is 'Submits the job of a schedule now, beside its ticks, and answers its id; paused ones too.';
--! EndIncluded 7_operate/run_schedule.sql
--! Included 8_read/schedules.sql
create or replace view taskq.schedules as
select
  s.name, s.cron, s.every, s.time_zone, s.job, s.catch_up, s.starts_at, s.ends_at, s.paused_at, s.paused_by, s.next_run_at, s.last_run_at, s.last_job_id,
  s.last_error, s.created_at, s.created_by
from taskq_private.schedules as s;
comment on view taskq.schedules is 'What is submitted again and again, and when it is next: null while paused, and when it has ended. last_run_at is the tick that last_job_id was submitted for; last_error is what the last tick was refused with.';
--! EndIncluded 8_read/schedules.sql
--! Included 8_read/ticks_of.sql
-- Raises: TQ422 for a count that is not 1 to 1000.
create or replace function taskq_private.ticks_of(schedule taskq_private.schedules, after timestamptz, count integer)
returns setof timestamptz
language plpgsql
stable
as $$
declare
  v_tick timestamptz := after;
begin
  if (count between 1 and 1000) is not true then
    perform taskq_private.raise_error(taskq_private.invalid('count', 'count must be a whole number from 1 to 1000'));
  end if;
  for v_n in 1 .. count loop
    v_tick := taskq_private.tick_after(schedule, v_tick);
    exit when v_tick is null;
    return next v_tick;
  end loop;
end;
$$;
comment on function taskq_private.ticks_of(taskq_private.schedules, timestamptz, integer) is 'The ticks of a schedule after an instant.';
--! EndIncluded 8_read/ticks_of.sql
--! Included 8_read/next_runs.sql
-- Raises: TQ404; TQ422 for a count that is not 1 to 1000.
create or replace function taskq.next_runs(name text, count integer default 5)
returns setof timestamptz
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_schedule taskq_private.schedules;
begin
  select * into v_schedule from taskq_private.schedules as s where s.name = next_runs.name;
  if not found then
    raise exception 'no schedule "%"', left(next_runs.name, 100) using errcode = 'TQ404', hint = 'select name from taskq.schedules lists them.';
  end if;
  return query select * from taskq_private.ticks_of(v_schedule, greatest(taskq_private.clock(), v_schedule.last_run_at), count);
end;
$$;
comment on function taskq.next_runs(text, integer) is 'When a schedule runs next; of a paused one, when it would if it were resumed now.';
--! EndIncluded 8_read/next_runs.sql
--! Included 8_read/preview_schedule.sql
-- Raises: TQ422, naming the field.
create or replace function taskq.preview_schedule(
  cron text default null, every interval default null, time_zone text default 'UTC', count integer default 5, after timestamptz default null
)
returns setof timestamptz
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_after timestamptz := coalesce(after, taskq_private.clock());
begin
  if not isfinite(v_after) or extract(year from v_after) not between 1 and 9999 then
    perform taskq_private.raise_error(taskq_private.invalid('after', 'after must be an instant before the year 10000'));
  end if;
  return query select * from taskq_private.ticks_of(
    taskq_private.read_timing(cron, every, coalesce(time_zone, 'UTC'), null, null, v_after), v_after, count
  );
end;
$$;
comment on function taskq.preview_schedule(text, interval, text, integer, timestamptz) is 'When a schedule would run, before it is made. Example: select * from taskq.preview_schedule(''30 2 * * MON-FRI'', time_zone => ''Europe/Berlin'').';
--! EndIncluded 8_read/preview_schedule.sql
--! Included 8_read/check_schedule_invariants.sql
create or replace function taskq_private.check_schedule_invariants()
returns setof text
language sql
stable
as $$
  select format('tick %s of schedule %s has %s jobs', j.metadata ->> 'scheduled_for', j.metadata ->> 'schedule', count(*))
  from taskq_private.job_specs as j
  where j.metadata ? 'scheduled_for' and j.created_by = 'schedule:' || (j.metadata ->> 'schedule')
  group by j.metadata ->> 'schedule', j.metadata ->> 'scheduled_for' having count(*) > 1
  union all
  select format('schedule %s waits for %s, which is no tick of it', s.name, s.next_run_at)
  from taskq_private.schedules as s
  where s.next_run_at is not null and taskq_private.tick_after(s, s.next_run_at - interval '1 microsecond') is distinct from s.next_run_at;
$$;
comment on function taskq_private.check_schedule_invariants() is 'Breaches of what must hold of schedules, as sentences.';
--! EndIncluded 8_read/check_schedule_invariants.sql
--! Included 8_read/check_invariants.sql
-- What must hold whenever no transaction is under way. Tests and the fault suite call it; it reads everything.
create or replace function taskq_private.check_invariants()
returns setof text
language sql
stable
as $$
  select format('job %s is in %s places: %s', p.job_id, count(*), array_agg(p.status)) from taskq_private.places as p group by p.job_id having count(*) > 1
  union all
  select format('job %s is nowhere', s.job_id)
  from taskq_private.job_specs as s where not exists (select from taskq_private.places as p where p.job_id = s.job_id)
  union all
  select format('job %s has a place and no spec', p.job_id)
  from (
    select f.job_id from taskq_private.finished_jobs as f
    union all select w.job_id from taskq_private.waiting_jobs as w
    union all select r.job_id from taskq_private.ready_jobs as r
    union all select u.job_id from taskq_private.claims as c cross join unnest(c.job_ids) as u (job_id)
  ) as p
  where not exists (select from taskq_private.job_specs as s where s.job_id = p.job_id)
  union all
  select format('job %s is in lane %s, its spec says %s', p.job_id, p.lane_id, s.lane_id)
  from taskq_private.places as p join taskq_private.job_specs as s on s.job_id = p.job_id where s.lane_id <> p.lane_id
  union all
  select format('job %s counts %s dependencies and has %s unsatisfied', w.job_id, w.remaining_dependencies, count(d.job_id))
  from taskq_private.waiting_jobs as w
  left join taskq_private.job_dependencies as d on d.job_id = w.job_id and not d.satisfied
  group by w.job_id, w.remaining_dependencies having w.remaining_dependencies <> count(d.job_id)
  union all
  select format('job %s is blocked and waits for nothing', w.job_id)
  from taskq_private.waiting_jobs as w
  where w.status = 'blocked' and w.remaining_dependencies = 0 and not exists (select from taskq_private.keyed_jobs as j where j.job_id = w.job_id)
  union all
  select format('job %s is %s with unsatisfied dependency %s', p.job_id, p.status, d.depends_on_id)
  from taskq_private.places as p join taskq_private.job_dependencies as d on d.job_id = p.job_id
  where not d.satisfied and p.status not in ('blocked', 'cancelled')
  union all
  select format('job %s waits for job %s, which is %s', d.job_id, d.depends_on_id, f.status)
  from taskq_private.waiting_jobs as w
  join taskq_private.job_specs as s on s.job_id = w.job_id
  join taskq_private.job_dependencies as d on d.job_id = w.job_id and not d.satisfied
  join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id
  where (taskq_private.satisfies(f.status, d.condition) or s.on_dependency_failure = 'cancel' or f.status = 'completed')
    and not exists (select from taskq_private.unsettled_jobs as u where u.job_id = d.depends_on_id)
  union all
  select format('workflow %s counts %s jobs that have not ended and has %s', w.workflow_id, w.unfinished_count, count(s.job_id))
  from taskq.workflows as w
  left join taskq_private.job_specs as s
    on s.workflow_id = w.workflow_id and not exists (select from taskq_private.finished_jobs as f where f.job_id = s.job_id)
  group by w.workflow_id, w.unfinished_count having w.unfinished_count <> count(s.job_id)
  union all
  select r.breach from taskq_private.check_resource_invariants() as r (breach)
  union all
  select r.breach from taskq_private.check_schedule_invariants() as r (breach)
  union all
  select format('worker %s has ended and holds claim %s', w.name, c.claim_id)
  from taskq_private.claims as c join taskq_private.workers as w on w.worker_id = c.worker_id where w.status in ('stopped', 'lost')
  union all
  select format('idempotency key %s names job %s, which is gone', k.idempotency_key, k.job_id)
  from taskq_private.idempotency_keys as k where not exists (select from taskq_private.job_specs as s where s.job_id = k.job_id)
  union all
  select format('job %s was asked to stop and is not running', r.job_id)
  from taskq_private.cancel_requests as r
  where not exists (select from taskq_private.claims as c where c.claim_id = r.claim_id and c.job_ids @> array[r.job_id])
  union all
  select format('job %s reports progress and is not running', g.job_id)
  from taskq_private.job_progress as g where not exists (select from taskq_private.claims as c where c.job_ids @> array[g.job_id]);
$$;
comment on function taskq_private.check_invariants() is 'Every breach of an invariant, as a sentence; none in a sound database.';
--! EndIncluded 8_read/check_invariants.sql
--! Included 9_grants.sql
-- Who may do what: exposure is a grant, by audience. Functions are never PUBLIC (default privileges of migration 1).

grant usage on schema taskq to taskq_reader, taskq_client, taskq_worker;
grant usage on type taskq.job_status, taskq.attempt_outcome, taskq.log_level, taskq.worker_status,
  taskq.dependency_condition, taskq.dependency_failure_policy,
  taskq.workflow_status to taskq_reader, taskq_client, taskq_worker;

-- who looks
grant select on
  taskq.jobs, taskq.job_executions, taskq.job_logs, taskq.dead_letters, taskq.job_dependencies, taskq.workflows, taskq.concurrency_keys, taskq.task_types, taskq.queues, taskq.workers, taskq.schedules
to taskq_reader;
grant execute on function
  taskq.get_job, taskq.get_jobs, taskq.list_jobs, taskq.count_jobs, taskq.explain_job, taskq.parent_results,
  taskq.list_workflows, taskq.get_workflow, taskq.job_graph, taskq.critical_path, taskq.graph_mermaid,
  taskq.next_runs, taskq.preview_schedule, taskq.list_pools, taskq.claim_preview, taskq.simulate,
  taskq.read_events, taskq.stream_position, taskq.stream_gaps, taskq.late_events
to taskq_reader;

-- who submits

grant execute on function
  taskq.submit_job, taskq.submit_jobs, taskq.submit_each, taskq.add_dependency, taskq.cancel_job, taskq.cancel_workflow
to taskq_client;

-- who runs jobs; sees none but those it claims
grant execute on function
  taskq.register_worker, taskq.register_task_types, taskq.hold_worker_session, taskq.claim_next_job, taskq.heartbeat, taskq.log_jobs,
  taskq.report_progress, taskq.parent_results, taskq.complete_job, taskq.fail_job, taskq.stop_worker, taskq.release_unknown_claims,
  taskq.tick
to taskq_worker;

-- who operates
grant execute on function
  taskq.retry_job, taskq.retry_workflow, taskq.retry_dead_letters, taskq.discard_job, taskq.discard_dead_letters, taskq.pause_queue, taskq.resume_queue,
  taskq.set_queue_aging, taskq.drain_worker, taskq.set_worker_capacity, taskq.set_pool, taskq.set_rate, taskq.delete_pool,
  taskq.set_schedule, taskq.delete_schedule, taskq.pause_schedule, taskq.resume_schedule, taskq.run_schedule,
  taskq.set_limit, taskq.set_rate_limit, taskq.set_concurrency_limit, taskq.tick, taskq.authenticate, taskq.has_api_key
to taskq_operator;

-- who administers
grant execute on function taskq.configure, taskq.create_api_key, taskq.revoke_api_key to taskq_admin;
--! EndIncluded 9_grants.sql

reset role;
